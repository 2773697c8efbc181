package console

import (
	"strings"
	"unicode"
)

// piece is a part of a text that was kept, put in or taken out.
type piece struct {
	Text string
	Op   string // "", "ins", "del"
}

// maxDiffCells bounds the comparison of two texts: what differs by more is shown
// as taken out and put in as a whole.
const maxDiffCells = 1 << 20

// wordDiff says what became of a text, word by word: Chinese by characters,
// letters and digits by runs, a template's gap as one.
func wordDiff(before, after string) []piece {
	a, b := wordsOf(before), wordsOf(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out pieces
	out.add("", a[:head]...)
	out.between(a[head:len(a)-tail], b[head:len(b)-tail])
	out.add("", a[len(a)-tail:]...)
	return out
}

type pieces []piece

func (ps *pieces) add(op string, words ...string) {
	for _, w := range words {
		if n := len(*ps); n > 0 && (*ps)[n-1].Op == op {
			(*ps)[n-1].Text += w
			continue
		}
		*ps = append(*ps, piece{w, op})
	}
}

// between adds the shortest way from a to b, by their longest common words.
func (ps *pieces) between(a, b []string) {
	if len(a)*len(b) > maxDiffCells {
		ps.add("del", a...)
		ps.add("ins", b...)
		return
	}
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width) // of a[i:] and b[k:]
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if a[i] == b[k] {
				common[i*width+k] = common[(i+1)*width+k+1] + 1
			} else {
				common[i*width+k] = max(common[(i+1)*width+k], common[i*width+k+1])
			}
		}
	}
	i, k := 0, 0
	for i < len(a) && k < len(b) {
		switch {
		case a[i] == b[k]:
			ps.add("", a[i])
			i, k = i+1, k+1
		case common[(i+1)*width+k] >= common[i*width+k+1]:
			ps.add("del", a[i])
			i++
		default:
			ps.add("ins", b[k])
			k++
		}
	}
	ps.add("del", a[i:]...)
	ps.add("ins", b[k:]...)
}

func wordsOf(text string) (out []string) {
	word := func(r rune) bool { return r < 0x2E80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	for text != "" {
		n := 0
		for i, r := range text {
			if word(r) {
				n = i + len(string(r))
				continue
			}
			if i == 0 {
				n = len(string(r))
				if end := strings.Index(text, "}}"); strings.HasPrefix(text, "{{") && end > 0 {
					n = end + 2
				}
			}
			break
		}
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}
