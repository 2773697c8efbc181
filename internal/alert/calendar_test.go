package alert

import (
	"reflect"
	"testing"
	"time"
)

// invented is a year in which the first week of February is off and two
// weekends are worked instead, as around a Spring Festival.
const invented = `# 举例，不是国务院的通知
2027 测试〔2026〕1号
2027-02-05 休
2027-02-06 休
2027-02-08 休
2027-02-09 休
2027-02-10 休
2027-02-11 休
2027-02-12 休
2027-01-31 班
2027-02-20 班
`

func day(s string) time.Time {
	d, err := time.ParseInLocation("2006-01-02 15:04", s, beijing)
	if err != nil {
		panic(err)
	}
	return d
}

// Working days go over holidays and count worked weekends; the day itself does
// not count, and the last one counts to its end.
func TestWorkingDaysOverAFestival(t *testing.T) {
	c, err := ParseCalendar(invented)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		from string
		n    int
		want string
	}{
		{"2027-01-29 09:00", 1, "2027-02-01 00:00"}, // Friday → the worked Sunday's end
		{"2027-02-04 23:59", 1, "2027-02-16 00:00"}, // the first day behind the festival is Monday the 15th
		{"2027-02-05 00:00", 1, "2027-02-16 00:00"},
		{"2027-02-19 12:00", 1, "2027-02-21 00:00"}, // a worked Saturday
	} {
		if got, known := c.AddWorkDays(day(x.from), x.n); !got.Equal(day(x.want)) || !known {
			t.Errorf("%s and %d working days: %v, want %s", x.from, x.n, got, x.want)
		}
	}
	if end, known := c.AddWorkDays(day("2027-12-24 12:00"), 20); known {
		t.Errorf("until %v: days of a year that nobody entered are called known", end)
	}
}

// This year is always wanted, the next from December on.
func TestAMissingYearIsSaid(t *testing.T) {
	c, err := ParseCalendar("2027 测试\n")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string][]int{"2026-11-30 23:59": {2026}, "2026-12-01 00:00": {2026}, "2027-11-30 23:59": nil, "2027-12-01 00:00": {2028}} {
		if got := c.Lacks(day(at)); !reflect.DeepEqual(got, want) {
			t.Errorf("at %s: %v, want %v", at, got, want)
		}
	}
}

func TestSlipsInACalendarAreRefused(t *testing.T) {
	for _, text := range []string{"2027\n", "2027-01-01 休", "2027 测\n2027-02-30 休", "2027 测\n2027-01-01 假", "2027 测\n2027-01-01 休\n2027-01-01 休",
		"2027 测\n2027-01-04 班", "2027 测\n2028-01-03 休", "2027 测\n2027 再", "1999 测", "x"} {
		if c, err := ParseCalendar(text); err == nil {
			t.Errorf("%q was taken as %+v", text, c)
		}
	}
}

// What is taken is written so that it reads back the same.
func FuzzParseCalendar(f *testing.F) {
	f.Add(invented)
	f.Add("2027 a\r\n2027-01-01 休 元旦\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCalendar(text)
		if err != nil {
			return
		}
		again, err := ParseCalendar(c.Text())
		if err != nil || c.Text() != again.Text() {
			t.Fatalf("%q reads back as %q: %v", c.Text(), again.Text(), err)
		}
		c.AddWorkDays(day("2027-01-01 00:00"), 20)
	})
}
