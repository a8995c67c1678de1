package bsssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// controlVersion is the version of the control API that this package knows.
const controlVersion = 1

// client has no proxy, for one that the environment names is not for the simulator. A call of verify may take 60 seconds.
var client = &http.Client{Transport: direct(), Timeout: 90 * time.Second}

func direct() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return transport
}

// control is the control API of a simulator, for all of it or for one space.
type control struct {
	url, space string
}

// ControlError is a call of the control API that was refused, or that nothing answered. Its text is the simulator's own, with a
// mistake a line.
type ControlError struct {
	// Status is the HTTP status, or 0 if there is no answer.
	Status int
	Detail string
}

func (refused *ControlError) Error() string {
	return refused.Detail
}

// call sends a body as JSON, unless it is nil, and reads the answer into result, unless that is nil.
func (control control) call(method, path string, body, result any) error {
	text, err := control.send(method, path, body, "application/json")
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(text, result)
}

func (control control) send(method, path string, body any, accept string) ([]byte, error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, control.url+"/_sim"+path, sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", "application/json")
	if control.space != "" {
		request.Header.Set("X-Sim-Space", control.space)
	}
	if token := os.Getenv("BSS_SIM_CONTROL_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, &ControlError{0, fmt.Sprintf("no simulator answers at %s: %v", control.url, errors.Unwrap(err))}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 400 {
		return nil, &ControlError{response.StatusCode, inWords(text)}
	}
	return text, nil
}

// checkVersion fails if what answers is no simulator, or one with other calls than this package knows.
func (control control) checkVersion() error {
	var index struct {
		Version string
		Control int
	}
	err := control.call(http.MethodGet, "", nil, &index)
	var refused *ControlError
	if errors.As(err, &refused) {
		return err
	}
	if err != nil || index.Control == 0 {
		return fmt.Errorf("what answers at %s is not bss-sim", control.url)
	}
	if index.Control != controlVersion {
		return fmt.Errorf("bss-sim %s at %s has version %d of the control API, and this package knows version %d: use a package of the same version",
			index.Version, control.url, index.Control, controlVersion)
	}
	return nil
}

// inWords is what the body of an error says: a sentence, or a line for each mistake.
func inWords(body []byte) string {
	var sentence struct{ Detail string }
	if json.Unmarshal(body, &sentence) == nil && sentence.Detail != "" {
		return sentence.Detail
	}
	var list struct {
		Detail []struct{ Key, Message, Hint string }
		More   bool
	}
	if json.Unmarshal(body, &list) != nil || len(list.Detail) == 0 {
		return strings.TrimSpace(string(body))
	}
	var lines []string
	for _, mistake := range list.Detail {
		var parts []string
		for _, part := range []string{mistake.Key, mistake.Message, mistake.Hint} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		lines = append(lines, strings.Join(parts, ": "))
	}
	if list.More {
		lines = append(lines, "and more")
	}
	return strings.Join(lines, "\n")
}
