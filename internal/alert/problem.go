package alert

import (
	"errors"
	"strings"
)

// ProblemKind sorts problems for the program; the sentences are for people.
type ProblemKind string

const (
	Invalid   ProblemKind = "invalid"   // something is missing or wrong in what was given
	Forbidden ProblemKind = "forbidden" // this officer may not do this
	Conflict  ProblemKind = "conflict"  // somebody else was quicker: look again
	NotFound  ProblemKind = "not-found"
	TooLarge  ProblemKind = "too-large"
	Blocked   ProblemKind = "blocked"     // the state does not allow it now
	Unready   ProblemKind = "unavailable" // the record cannot take it at the moment
)

// Problem is a rule's no, in the officer's words: what is wrong and what to
// do about it, in Chinese and English. Field names the input it is about in
// the API's spelling ("areas", "expires"); Line and Column are set for files.
type Problem struct {
	Kind   ProblemKind `json:"kind"`
	Rule   string      `json:"rule,omitempty"` // R1, R11 …: the product's rule that speaks
	Field  string      `json:"field,omitempty"`
	ZH     string      `json:"zh"`
	EN     string      `json:"en"`
	Line   int         `json:"line,omitempty"`
	Column int         `json:"column,omitempty"`
}

func (p *Problem) Error() string {
	if p.Field != "" {
		return p.Field + ": " + p.EN
	}
	return p.EN
}

// Problems is several at once, so that an officer corrects a form in one go.
type Problems []*Problem

func (ps Problems) Error() string {
	var s []string
	for _, p := range ps {
		s = append(s, p.Error())
	}
	return strings.Join(s, "; ")
}

// Err returns nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// AsProblems finds the problems in an error chain; nil when it holds none.
func AsProblems(err error) Problems {
	if ps, ok := errors.AsType[Problems](err); ok {
		return ps
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return Problems{p}
	}
	return nil
}
