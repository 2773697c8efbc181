package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// asker asks a person at the terminal. Words come from standard input, a line
// each, so that a script can answer too.
type asker struct {
	in  *bufio.Reader
	out io.Writer
	tty *os.File // nil: nobody sees what is typed
}

func newAsker(out io.Writer) *asker {
	a := &asker{in: bufio.NewReader(os.Stdin), out: out}
	if isTerminal(os.Stdin) {
		a.tty = os.Stdin
	}
	return a
}

var errNoAnswer = errors.New("the answers ended")

// maxLine bounds an answer.
const maxLine = 4096

// ask shows a question and returns the answer, def when it is empty.
func (a *asker) ask(ctx context.Context, question, def string) (string, error) {
	if def != "" {
		question += " [" + def + "]"
	}
	fmt.Fprint(a.out, question+" ")
	answer, err := a.line(ctx)
	if err == nil && answer == "" {
		answer = def
	}
	return answer, err
}

// hidden asks without showing what is typed.
func (a *asker) hidden(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.out, question+" ")
	if a.tty == nil {
		return a.line(ctx)
	}
	show, err := hideTyping(a.tty)
	if err != nil {
		return "", fmt.Errorf("what is typed cannot be hidden: %w", err)
	}
	answer, err := a.line(ctx)
	fmt.Fprintln(a.out)
	return answer, errors.Join(err, show())
}

func (a *asker) line(ctx context.Context) (string, error) {
	type read struct {
		text string
		err  error
	}
	got := make(chan read, 1)
	go func() { // ends with the line, or with the process: a terminal cannot be asked to stop
		text, err := a.in.ReadString('\n')
		got <- read{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-got:
		if r.err != nil && (r.text == "" || !errors.Is(r.err, io.EOF)) {
			return "", errNoAnswer
		}
		if len(r.text) > maxLine {
			return "", fmt.Errorf("an answer of %d bytes is too long", len(r.text))
		}
		return strings.TrimSpace(r.text), nil
	}
}
