package bsssim_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	bsssim "example.org/bss-sim/go"
)

// answering is the URL of a server that answers everything with this.
func answering(t *testing.T, status int, body string) string {
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(status)
		fmt.Fprint(answer, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatCannotBeUsedIsSaidInWords(t *testing.T) {
	t.Setenv("BSS_SIM_URL", "")
	later := answering(t, 200, `{"version": "0.9.0", "control": 2}`)
	other := answering(t, 200, `[]`)
	for _, each := range []struct {
		option   bsssim.StartOption
		expected string
	}{
		{bsssim.AtURL(later), "bss-sim 0.9.0 at " + later + " (from AtURL) has version 2 of the control API, and this package knows version 1: use a package of the same version"},
		{bsssim.AtURL(other), "what answers at " + other + " (from AtURL) is not bss-sim"},
		{bsssim.AtURL(answering(t, 401, `{"error": "unauthorized", "detail": "a token is needed"}`)),
			" (from AtURL) refuses this call: a token is needed: set BSS_SIM_CONTROL_TOKEN to the token that it was started with"},
		{bsssim.AtURL("http://127.0.0.1:1"), "no simulator answers at http://127.0.0.1:1 (from AtURL): dial tcp 127.0.0.1:1: "},
		{bsssim.AtURL("127.0.0.1:8080"),
			`"127.0.0.1:8080" from AtURL is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080`},
		{bsssim.AtURL("http://127.0.0.1:8080/v2"), `"http://127.0.0.1:8080/v2" from AtURL is no URL of a simulator`},
		{bsssim.ServeScenario("nowhere"), "bss-sim did not start: "},
		{bsssim.Fixtures("nowhere.yaml"), "nowhere.yaml"},
		{bsssim.Program("/nowhere/bss-sim"), "/nowhere/bss-sim"},
	} {
		if _, err := bsssim.Open(each.option); err == nil || !strings.Contains(err.Error(), each.expected) {
			t.Errorf("expected: %s\nis: %v", each.expected, err)
		}
	}
}

func TestWithoutAProgramTheErrorSaysWhatToDo(t *testing.T) {
	for _, name := range []string{"BSS_SIM_URL", "BSS_SIM_BIN", "PATH"} {
		t.Setenv(name, "")
	}
	if _, err := bsssim.Open(); err == nil || err.Error() != "there is no program bss-sim: put it on PATH, or set BSS_SIM_BIN to its path" {
		t.Error(err)
	}
}

func TestASilentServerIsNotWaitedForLong(t *testing.T) {
	// It accepts connections, and reads nothing.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("BSS_SIM_URL", "http://"+listener.Addr().String())
	expected := "no simulator answers at http://" + listener.Addr().String() + " (from BSS_SIM_URL): no answer in 5 seconds"
	if _, err := bsssim.Open(); err == nil || err.Error() != expected {
		t.Error(err)
	}
}

func TestTheEnvironmentNamesTheSimulator(t *testing.T) {
	simulator := bsssim.Start(t)
	t.Setenv("BSS_SIM_URL", simulator.URL+"//")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	found := bsssim.Start(t)
	if found.URL != simulator.URL {
		t.Errorf("%s is used in the place of %s", found.URL, simulator.URL)
	}
	found.Close()
	simulator.Space(t)
}

func TestTheVariablesAreThoseOfExec(t *testing.T) {
	t.Setenv("NO_PROXY", "localhost")
	t.Setenv("no_proxy", "")
	space := bsssim.Start(t).Space(t)
	variables := space.Env()
	program := os.Getenv("BSS_SIM_BIN")
	if program == "" {
		program = "bss-sim"
	}
	printed, err := exec.Command(program, "exec", "--", "env").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(printed), "\n") {
		name, value, _ := strings.Cut(line, "=")
		of := strings.HasPrefix(name, "HUAWEICLOUD_") || strings.HasPrefix(name, "BSS_SIM_") && os.Getenv(name) == ""
		if ours, known := variables[name]; of && (!known || strings.HasPrefix(value, "http:") != (ours == space.URL)) {
			t.Errorf("%s is %q of exec, and %q of the space", name, value, ours)
		}
	}
	if variables["no_proxy"] != "localhost,127.0.0.1" || variables["NO_PROXY"] != variables["no_proxy"] {
		t.Error(variables["no_proxy"])
	}
}

// The simulator that it starts must end when this process is killed.
func TestKilled(t *testing.T) {
	if os.Getenv("TO_BE_KILLED") == "" {
		t.Skip("runs for TestASimulatorEndsWithItsParent")
	}
	fmt.Println(bsssim.Start(t).URL)
	select {}
}

func TestASimulatorEndsWithItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	parent.Env = append(os.Environ(), "TO_BE_KILLED=1", "BSS_SIM_URL=")
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	started, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Each connection ends when the simulator does, and then the next one is refused. The time limit of all tests ends a longer wait.
	for {
		connection, err := net.Dial("tcp", started.Host)
		if err != nil {
			break
		}
		io.Copy(io.Discard, connection)
		connection.Close()
	}
}
