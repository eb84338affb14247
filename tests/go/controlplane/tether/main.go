// tether runs a program that must not outlive whoever started it.
//
//	tether PROGRAM ARGS...
//
// The program is killed as soon as tether's standard input ends: a parent that keeps the other end of a pipe
// open needs no clean-up, because the pipe closes with the parent, however the parent ends. SIGTERM is passed
// on. tether ends when the program does, with the same exit status.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: tether PROGRAM ARGS...")
		os.Exit(2)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	program := exec.Command(os.Args[1], os.Args[2:]...)
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	if err := program.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "tether:", err)
		os.Exit(1)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = program.Process.Kill()
	}()
	go func() {
		for sent := range signals {
			// SIGINT comes from a terminal, which sends it to the program, too.
			if sent == syscall.SIGTERM {
				_ = program.Process.Signal(sent)
			}
		}
	}()
	err := program.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.Exited():
		os.Exit(exit.ExitCode())
	default:
		os.Exit(1)
	}
}
