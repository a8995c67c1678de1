package bsssim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// controlVersion is the version of the control API that this package knows.
const controlVersion = 1

// firstTimeout is for the first call, which asks what answers at a URL. It is short, for there may be something else.
const firstTimeout = 5 * time.Second

// otherTimeout is for all others. A call of verify may take 60 seconds.
const otherTimeout = 90 * time.Second

// client has no proxy, for one that the environment names is not for the simulator.
var client = &http.Client{Transport: direct()}

func direct() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return transport
}

// aURL is what the URL of a simulator has: a scheme and a host, and maybe a port. A slash at its end is left out.
var aURL = regexp.MustCompile(`(?i)^(https?://(?:[^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)/*$`)

// control is the control API of a simulator, for all of it or for one space.
type control struct {
	url, space string
	// from says what named the URL.
	from string
}

// controlAt is the control API at a URL that `from` names.
func controlAt(url, from string) (control, error) {
	parts := aURL.FindStringSubmatch(url)
	if parts == nil {
		return control{}, fmt.Errorf("%q from %s is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080", url, from)
	}
	return control{url: parts[1], from: from}, nil
}

// at says where the simulator is, and how that is known.
func (control control) at() string {
	if control.from == "" {
		return control.url
	}
	return control.url + " (from " + control.from + ")"
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
	text, err := control.send(method, path, body, "application/json", otherTimeout)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(text, result)
}

func (control control) send(method, path string, body any, accept string, timeout time.Duration) ([]byte, error) {
	inTime, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(inTime, method, control.url+"/_sim"+path, sent)
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
		return nil, control.silent(err, timeout)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, control.silent(err, timeout)
	}
	switch detail := inWords(text); {
	case response.StatusCode == http.StatusUnauthorized:
		return nil, &ControlError{response.StatusCode, fmt.Sprintf(
			"the simulator at %s refuses this call: %s: set BSS_SIM_CONTROL_TOKEN to the token that it was started with", control.at(), detail)}
	case response.StatusCode >= 400:
		return nil, &ControlError{response.StatusCode, detail}
	}
	return text, nil
}

// silent is the error of a call that got no answer.
func (control control) silent(err error, timeout time.Duration) error {
	var ofURL *url.Error
	if errors.As(err, &ofURL) {
		err = ofURL.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in %d seconds", int(timeout.Seconds()))
	}
	return &ControlError{0, fmt.Sprintf("no simulator answers at %s: %v", control.at(), err)}
}

// checkVersion fails if what answers is no simulator, or one with other calls than this package knows.
func (control control) checkVersion() error {
	var index struct {
		Version string
		Control int
	}
	text, err := control.send(http.MethodGet, "", nil, "application/json", firstTimeout)
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &index) != nil || index.Control == 0 {
		return fmt.Errorf("what answers at %s is not bss-sim", control.at())
	}
	if index.Control != controlVersion {
		return fmt.Errorf("bss-sim %s at %s has version %d of the control API, and this package knows version %d: use a package of the same version",
			index.Version, control.at(), index.Control, controlVersion)
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
