package bsssim_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	bsssim "example.org/bss-sim/go"
)

const individual = "/v2/customers/realname-auths/individual"

func application(space *bsssim.Space) string {
	return fmt.Sprintf(`{"customer_id": "customer-new", "identify_type": 0, "name": "Wang Xiaoming", "verified_type": 3,
		"verified_number": "E12345678", "verified_file_url": ["passport.jpg", "in-hand.jpg"], "xaccount_type": %q}`, space.XaccountType)
}

// apply sends an application of customer-new with the token of a space, and returns the status and the request ID.
func apply(t testing.TB, space *bsssim.Space) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, space.URL+individual, strings.NewReader(application(space)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Auth-Token", space.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("X-Request-Id")
}

// recorder is a test whose end can be looked at.
type recorder struct {
	testing.TB
	printed  []string
	failed   bool
	cleanups []func()
}

func (recorder *recorder) Helper()           {}
func (recorder *recorder) Name() string      { return "TestRecorded" }
func (recorder *recorder) Failed() bool      { return recorder.failed }
func (recorder *recorder) Skipped() bool     { return false }
func (recorder *recorder) Cleanup(f func())  { recorder.cleanups = append(recorder.cleanups, f) }
func (recorder *recorder) print(line string) { recorder.printed = append(recorder.printed, line) }

func (recorder *recorder) Logf(format string, arguments ...any) {
	recorder.print(fmt.Sprintf(format, arguments...))
}

func (recorder *recorder) Errorf(format string, arguments ...any) {
	recorder.Error(fmt.Sprintf(format, arguments...))
}

func (recorder *recorder) Error(arguments ...any) {
	recorder.failed = true
	recorder.print(fmt.Sprint(arguments...))
}

func (recorder *recorder) Fatal(arguments ...any) {
	recorder.Error(arguments...)
	runtime.Goexit()
}

// record runs a test to its end, and returns what it printed and whether it failed.
func record(test func(t testing.TB)) (string, bool) {
	recorded := &recorder{}
	for _, step := range []func(){func() { test(recorded) }, recorded.cleanUp} {
		ended := make(chan struct{})
		go func(step func()) {
			defer close(ended)
			step()
		}(step)
		<-ended
	}
	return strings.Join(recorded.printed, "\n"), recorded.failed
}

func (recorder *recorder) cleanUp() {
	for place := len(recorder.cleanups) - 1; place >= 0; place-- {
		recorder.cleanups[place]()
	}
}

func mustFail(t *testing.T, expected string, test func(t testing.TB)) {
	t.Helper()
	printed, failed := record(test)
	if !failed || !strings.Contains(printed, expected) {
		t.Errorf("failed: %v\nexpected: %s\nprinted: %s", failed, expected, printed)
	}
}

func TestSpacesAreApartAndHaveTheTestsName(t *testing.T) {
	simulator := bsssim.Start(t)
	one, other := simulator.Space(t), simulator.Space(t, bsssim.Label("other"))
	if one.Label != t.Name() || other.Label != "other" {
		t.Errorf("labels %q and %q", one.Label, other.Label)
	}
	apply(t, one)
	if len(one.Journal(nil)) != 1 || len(other.Journal(nil)) != 0 {
		t.Error("a request is in the journal of its own space alone")
	}
	if one.Coverage().Met != 1 || other.Coverage().Met != 0 {
		t.Error("so is its outcome")
	}
	coverage, err := simulator.Coverage()
	if err != nil || coverage.Met != 1 || coverage.Of != len(coverage.Outcomes) {
		t.Errorf("%v %v", coverage, err)
	}
}

func TestScriptedAnswersComeOneAfterTheOther(t *testing.T) {
	space := bsssim.Start(t).Space(t)
	space.Script(bsssim.JSON{"error_code": "CBC.0999"}, bsssim.JSON{"gateway": "APIGW.0308"}, bsssim.JSON{"times": 1, "then": bsssim.JSON{"is_review": 0}})
	for _, expected := range []int{500, 429, 200} {
		if status, _ := apply(t, space); status != expected {
			t.Errorf("%d in the place of %d", status, expected)
		}
	}
	space.Verify(bsssim.JSON{"customer_id": "customer-new"}, bsssim.Exactly(3))
	space.Verify(bsssim.JSON{"status": 500}, bsssim.AtLeast(1), bsssim.AtMost(1), bsssim.Within(time.Second))
	space.VerifySequence([]bsssim.JSON{{"status": 500}, {"status": 429}, {"status": 200}})
}

func TestAFailedVerifyHasTheSimulatorsText(t *testing.T) {
	simulator := bsssim.Start(t)
	mustFail(t, "expected exactly 2, found 1", func(t testing.TB) {
		space := simulator.Space(t)
		apply(t, space)
		space.Verify(bsssim.JSON{"status": 200}, bsssim.Exactly(2))
	})
}

func TestAFailingTestShowsItsRequestsWithTheirReasons(t *testing.T) {
	simulator := bsssim.Start(t)
	mustFail(t, "#2 POST "+individual+" -> 400 CBC.99000027, not-authenticated-yet: real-name status: under_review", func(t testing.TB) {
		space := simulator.Space(t)
		apply(t, space)
		apply(t, space)
		t.Error("of its own")
	})
	mustFail(t, "#1 POST "+individual+" -> no response, fault reset, ", func(t testing.TB) {
		space := simulator.Space(t)
		space.Script(bsssim.JSON{"fault": "reset"})
		request, err := http.NewRequest(http.MethodPost, space.URL+individual, strings.NewReader(application(space)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Content-Type": {"application/json"}, "X-Auth-Token": {space.Token}}
		if _, err := http.DefaultClient.Do(request); err == nil {
			t.Fatal("there is an answer")
		}
		t.Error("of its own")
	})
}

// A test that panics ends its process: this runs for the next one.
func TestPanics(t *testing.T) {
	if os.Getenv("TO_PANIC") == "" {
		t.Skip("runs for TestAPanicShowsTheRequests")
	}
	space := bsssim.Start(t).Space(t)
	space.Script(bsssim.JSON{"times": 2, "then": bsssim.JSON{"error_code": "CBC.0999"}})
	apply(t, space)
	var missing *bsssim.Space
	apply(t, missing)
}

func TestAPanicShowsTheRequests(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run=^TestPanics$")
	command.Env = append(os.Environ(), "TO_PANIC=1")
	printed, err := command.CombinedOutput()
	line := "#1 POST " + individual + " -> 500 CBC.0999, "
	if err == nil || !strings.Contains(string(printed), line) || strings.Contains(string(printed), "left over") {
		t.Errorf("%v\n%s", err, printed)
	}
}

func TestLeftoversFailAPassingTestUnlessTheyAreAllowed(t *testing.T) {
	simulator := bsssim.Start(t)
	lines := "scripted answers are left over:\n" + `given 1 of 2 times: {"times":2,"delay":"1ms"}` + "\n" + `never given: {"then":[{"is_review":1}]}`
	mustFail(t, lines, func(t testing.TB) {
		space := simulator.Space(t)
		space.Script(bsssim.JSON{"error_code": "CBC.0999"}, bsssim.JSON{"times": 2, "delay": "1ms"}, bsssim.JSON{"then": bsssim.JSON{"is_review": 1}})
		apply(t, space)
		apply(t, space)
	})
	printed, failed := record(func(t testing.TB) {
		simulator.Space(t, bsssim.AllowLeftovers()).Script(bsssim.JSON{"error_code": "CBC.0999"})
	})
	if failed {
		t.Error(printed)
	}
}

func TestARefusedCallFailsTheTestWithEachMistakeOnALine(t *testing.T) {
	simulator := bsssim.Start(t)
	mustFail(t, "match.statuss: unknown key `statuss`: did you mean `status`?", func(t testing.TB) {
		simulator.Space(t).Verify(bsssim.JSON{"statuss": 500})
	})
	for expected, answer := range map[string]bsssim.JSON{
		"[0].then.error_cod: unknown key `error_cod`: did you mean `error_code`?":                {"error_cod": "CBC.0999"},
		"[0].then.delai: unknown key `delai`: did you mean `delay`, a key of a scripted answer?": {"delai": "2s"},
		"[0].error_code: unknown key `error_code`: it is a key of `then`":                        {"error_code": "CBC.0999", "delay": "2s"},
	} {
		mustFail(t, expected, func(t testing.TB) { simulator.Space(t).Script(answer) })
	}
	mustFail(t, "the customer is not under review", func(t testing.TB) { simulator.Space(t).Review("customer-new", "approve", "") })
	mustFail(t, "nowhere", func(t testing.TB) { simulator.Space(t, bsssim.Scenario("nowhere")) })
}

func TestASpaceIsGoneWhenItsTestHasEnded(t *testing.T) {
	simulator := bsssim.Start(t)
	var gone *bsssim.Space
	record(func(t testing.TB) { gone = simulator.Space(t) })
	if status, _ := apply(t, gone); status != 401 {
		t.Errorf("its token is answered with %d", status)
	}
	deleted := simulator.Space(t)
	deleted.Script(bsssim.JSON{"error_code": "CBC.0999"})
	deleted.Delete()
	deleted.Delete()
}

func TestReviewsAreDecidedAndTheClockMoves(t *testing.T) {
	space := bsssim.Start(t).Space(t)
	apply(t, space)
	space.Review("customer-new", "reject", "blurred")
	if status := space.Customer("customer-new")["real_name"]; status != "rejected" {
		t.Errorf("the customer is %v", status)
	}
	apply(t, space)
	space.Review("customer-new", "approve", "")
	if status := space.Customer("customer-new")["real_name"]; status != "authenticated" {
		t.Errorf("the customer is %v", status)
	}
	then := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	space.Clock.Freeze()
	space.Clock.Set(then)
	space.Clock.Advance(90 * time.Minute)
	if now := space.Clock.Now(); !now.Equal(then.Add(90 * time.Minute)) {
		t.Errorf("it is %v", now)
	}
	space.Clock.Unfreeze()
	space.Clock.Reset()
	if now := space.Clock.Now(); now.Equal(then.Add(90 * time.Minute)) {
		t.Error("the clock stands still")
	}
}

func TestAWorldIsChangedReadAndCopied(t *testing.T) {
	simulator := bsssim.Start(t)
	space := simulator.Space(t)
	space.PutCertificate("E12345678", bsssim.JSON{"blocked": true})
	space.PutCustomer("customer-late", bsssim.JSON{"partner": "demo-partner"})
	if state := space.Certificate("E12345678"); state["blocked"] != true {
		t.Error(state)
	}
	status, requestID := apply(t, space)
	if text := space.Why(requestID); status != 400 || !strings.Contains(text, "certificate") {
		t.Errorf("%d\n%s", status, text)
	}
	if code := space.Journal(map[string]string{"status": "400"})[0].Outcome.ErrorCode; !strings.HasPrefix(code, "CBC.") {
		t.Error(code)
	}
	if response := space.Explain(bsssim.JSON{"customer_id": "customer-done"})["response"]; response.(bsssim.JSON)["status"] != 400.0 {
		t.Error(response)
	}
	if response := space.ExplainAs("no-such-token", bsssim.JSON{})["response"]; response.(bsssim.JSON)["status"] != 401.0 {
		t.Error(response)
	}
	simulator.Space(t, bsssim.Fixture(space.World())).Customer("customer-late")
	space.Reset()
	mustFail(t, "there is no such customer", func(t testing.TB) { simulator.Space(t).Customer("customer-late") })
}
