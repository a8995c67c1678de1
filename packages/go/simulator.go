// Package bsssim starts bss-sim, a simulator of real-name authentication at Huawei Cloud, and gives each test a world of its own:
//
//	func TestRetry(t *testing.T) {
//		space := bsssim.Start(t).Space(t)
//		space.Script(bsssim.JSON{"error_code": "CBC.0999"})
//		// The client under test calls space.URL with space.AK and space.SK.
//		space.Verify(bsssim.JSON{"status": 500}, bsssim.Exactly(1))
//	}
//
// Where a call of the control API is refused, the test fails with the simulator's own words. If a test fails for whatever
// reason, its log has the requests of its space, each with the reason of its answer.
package bsssim

import (
	"net/http"
	"os"
	"runtime"
	"testing"
)

// JSON is an object as scenario files and the control API have it.
type JSON = map[string]any

// Simulator is a simulator that runs.
type Simulator struct {
	// URL is what clients call, without a slash at its end.
	URL     string
	process *process
	control control
}

// Coverage tells which of the documented outcomes the applications got.
type Coverage struct {
	// Met is how many they got.
	Met int
	// Of is how many the API's page documents.
	Of       int
	Outcomes []struct {
		// Outcome is `is_review` with its number, an error code or a check item.
		Outcome string
		Met     bool
		// LastRequestID is of the request that got it last, if one did.
		LastRequestID string `json:"last_request_id"`
	}
}

type startOptions struct {
	url, urlFrom, program string
	arguments             []string
}

// StartOption says which simulator is used, or how it is started.
type StartOption func(*startOptions)

// AtURL uses the simulator that runs at this URL.
func AtURL(url string) StartOption {
	return func(options *startOptions) { options.url, options.urlFrom = url, "AtURL" }
}

// Program is the path of the program, in the place of BSS_SIM_BIN and of `bss-sim` on PATH.
func Program(path string) StartOption {
	return func(options *startOptions) { options.program = path }
}

// ServeScenario is the scenario of the space `default`. It is for a simulator that is started.
func ServeScenario(name string) StartOption {
	return func(options *startOptions) { options.arguments = append(options.arguments, "--scenario", name) }
}

// Fixtures adds a scenario file, or a directory of such. It is for a simulator that is started.
func Fixtures(path string) StartOption {
	return func(options *startOptions) { options.arguments = append(options.arguments, "--fixtures", path) }
}

// Open connects to the simulator at AtURL or else at the URL in BSS_SIM_URL. Without either it starts one, on a free port of
// 127.0.0.1, which ends with this process at the latest. It is for TestMain; a test has Start.
func Open(options ...StartOption) (*Simulator, error) {
	chosen := startOptions{url: os.Getenv("BSS_SIM_URL"), urlFrom: "BSS_SIM_URL"}
	for _, option := range options {
		option(&chosen)
	}
	simulator := &Simulator{}
	var err error
	if chosen.url != "" {
		simulator.control, err = controlAt(chosen.url, chosen.urlFrom)
	} else if simulator.process, err = startProcess(chosen.program, chosen.arguments); err == nil {
		simulator.control.url = simulator.process.url
	}
	if err != nil {
		return nil, err
	}
	simulator.URL = simulator.control.url
	if err := simulator.control.checkVersion(); err != nil {
		simulator.Close()
		return nil, err
	}
	return simulator, nil
}

// Start is Open for a test, and closes the simulator when the test and its subtests have ended.
func Start(t testing.TB, options ...StartOption) *Simulator {
	t.Helper()
	simulator, err := Open(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(simulator.Close)
	return simulator
}

// Coverage tells which documented outcomes the applications of all spaces got, also of those that were deleted.
func (simulator *Simulator) Coverage() (Coverage, error) {
	var coverage Coverage
	err := simulator.control.call(http.MethodGet, "/coverage?space=*", nil, &coverage)
	return coverage, err
}

// Close ends the simulator if it was started here, and waits for its end.
func (simulator *Simulator) Close() {
	if simulator.process != nil {
		simulator.process.close()
	}
}

type spaceOptions struct {
	body           JSON
	allowLeftovers bool
}

// SpaceOption says what a space starts from.
type SpaceOption func(*spaceOptions)

// Scenario is the name of a scenario that the simulator knows; without it the space starts from `default`.
func Scenario(name string) SpaceOption {
	return func(options *spaceOptions) { options.body["scenario"] = name }
}

// Fixture is a scenario of the test's own, as a scenario file has it.
func Fixture(fixture JSON) SpaceOption {
	return func(options *spaceOptions) { options.body["fixture"] = fixture }
}

// Label names the space for people, in the place of the test's name. It has at most 200 characters.
func Label(label string) SpaceOption {
	return func(options *spaceOptions) { options.body["label"] = label }
}

// AllowLeftovers lets the test pass though it leaves scripted answers unused.
func AllowLeftovers() SpaceOption {
	return func(options *spaceOptions) { options.allowLeftovers = true }
}

// Space creates a space for this test, and deletes it at the test's end.
//
// If the test has failed by then, the requests of the space are logged. If it has passed, it fails if it left scripted answers unused.
func (simulator *Simulator) Space(t testing.TB, options ...SpaceOption) *Space {
	t.Helper()
	chosen := spaceOptions{body: JSON{"label": lastRunes(t.Name(), 200)}}
	for _, option := range options {
		option(&chosen)
	}
	space := &Space{URL: simulator.URL, t: t}
	if err := simulator.control.call(http.MethodPost, "/spaces", chosen.body, space); err != nil {
		t.Fatal(err)
	}
	space.control = control{url: simulator.URL, space: space.ID}
	space.Clock = Clock{t: t, control: space.control}
	if len(space.Partners) > 0 {
		space.Partner = space.Partners[0]
	}
	for _, user := range space.Users {
		if user.Domain == space.Partner.Name {
			space.User, space.Password, space.Domain = user.Name, user.Password, user.Domain
			break
		}
	}
	t.Cleanup(func() {
		hasPanicked := isPanicking()
		if !t.Failed() && !hasPanicked && !t.Skipped() && !space.deleted && !chosen.allowLeftovers {
			space.refuseLeftovers()
		}
		if t.Failed() || hasPanicked {
			t.Logf("bss-sim: requests of space %s\n%s", space.ID, space.requests())
		}
		space.Delete()
	})
	return space
}

// isPanicking tells whether this is called on the way up of a panic. Cleanups run before testing calls the test failed.
func isPanicking() bool {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" {
			return true
		}
		if !more {
			return false
		}
	}
}

// lastRunes shortens a text at its beginning: what tells tests apart stands at the end of their names.
func lastRunes(text string, limit int) string {
	runes := []rune(text)
	if len(runes) > limit {
		runes = runes[len(runes)-limit:]
	}
	return string(runes)
}
