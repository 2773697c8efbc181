package wechat

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a callback's XML. WeChat's own are flat lists of some ten elements.
const (
	maxCallback = 64 << 10
	maxDepth    = 4
	maxElements = 64
)

var errXML = errors.New("not a callback's XML")

// readFlat reads <xml><Name>text</Name>…</xml> into a map. Deeper elements are
// passed over; document types, entities beyond XML's own five, processing
// instructions and a second root are refused. It is written out because the
// SDK's reader takes anything that encoding/xml takes, of any size and depth.
func readFlat(raw []byte) (map[string]string, error) {
	if len(raw) > maxCallback {
		return nil, fmt.Errorf("%w: %d bytes", errXML, len(raw))
	}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("%w: charset %q", errXML, clip(label, 20))
	}
	f := flat{fields: make(map[string]string)}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if f.depth != 0 || f.elements == 0 {
				return nil, errXML
			}
			return f.fields, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errXML, err)
		}
		if err := f.take(tok); err != nil {
			return nil, err
		}
	}
}

type flat struct {
	fields          map[string]string
	depth, elements int
	name            string
	text            strings.Builder
	closed          bool
}

func (f *flat) take(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		f.depth++
		f.elements++
		if f.closed || f.depth > maxDepth || f.elements > maxElements || f.depth == 1 && t.Name.Local != "xml" {
			return errXML
		}
		if f.depth == 2 {
			f.name = t.Name.Local
			f.text.Reset()
		}
	case xml.CharData:
		if f.depth == 2 {
			f.text.Write(t)
		} else if f.depth < 2 && len(bytes.TrimSpace(t)) > 0 {
			return errXML
		}
	case xml.EndElement:
		if f.depth == 2 {
			if _, twice := f.fields[f.name]; twice {
				return errXML // which of the two would be believed?
			}
			f.fields[f.name] = f.text.String()
		}
		f.depth--
		f.closed = f.depth == 0
	case xml.ProcInst:
		if t.Target != "xml" || f.elements > 0 {
			return errXML
		}
	case xml.Directive:
		return errXML
	}
	return nil
}
