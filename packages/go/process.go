package bsssim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// untilStdinEnds runs its arguments, and ends them when its stdin ends. Even a process that is killed closes the pipe that this is.
const untilStdinEnds = `"$@" & exec >&-; cat >/dev/null; kill $! 2>/dev/null; wait $!`

// process is a simulator on a free port of 127.0.0.1. It ends with close, and with this process, however that ends.
type process struct {
	url     string
	command *exec.Cmd
	stdin   io.Closer
}

func startProcess(program string, arguments []string) (*process, error) {
	program, err := findProgram(program)
	if err != nil {
		return nil, err
	}
	words := append([]string{program, "serve", "--listen", "127.0.0.1:0", "--log-level", "warn"}, arguments...)
	if runtime.GOOS != "windows" {
		words = append([]string{"sh", "-c", untilStdinEnds, "bss-sim"}, words...)
	}
	command := exec.Command(words[0], words[1:]...)
	var log bytes.Buffer
	command.Stderr = &log
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("bss-sim did not start: %w", err)
	}
	started := &process{command: command, stdin: stdin}
	line, _ := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ URL string }
	if err := json.Unmarshal(line, &ready); err != nil {
		started.close()
		return nil, fmt.Errorf("bss-sim did not start: %s", strings.TrimSpace(string(line)+log.String()))
	}
	started.url = ready.URL
	return started, nil
}

func findProgram(program string) (string, error) {
	if program == "" {
		program = os.Getenv("BSS_SIM_BIN")
	}
	if program != "" {
		return program, nil
	}
	found, err := exec.LookPath("bss-sim")
	if err != nil {
		return "", errors.New("there is no program bss-sim: set BSS_SIM_BIN to its path, or put it on PATH")
	}
	return found, nil
}

// close ends the simulator, and waits until it has ended.
func (process *process) close() {
	process.stdin.Close()
	if runtime.GOOS == "windows" {
		process.command.Process.Kill()
	}
	process.command.Wait()
}
