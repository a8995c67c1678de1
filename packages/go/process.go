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
	"strings"
)

// process is a simulator on a free port of 127.0.0.1. It ends with close, and with this process, however that ends: the system then
// closes its stdin.
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
	words := []string{"serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--stop-with-stdin"}
	command := exec.Command(program, append(words, arguments...)...)
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
		return "", errors.New("there is no program bss-sim: put it on PATH, or set BSS_SIM_BIN to its path")
	}
	return found, nil
}

// close ends the simulator, and waits until it has ended.
func (process *process) close() {
	process.stdin.Close()
	process.command.Wait()
}
