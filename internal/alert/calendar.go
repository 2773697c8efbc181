package alert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calendar says which days people work, year by year, as the State Council's
// notice of each year sets them: holidays on weekdays (休) and weekends that are
// worked instead (班, 调休). A year without an entry is not known: its days are
// counted as Monday to Friday, and whatever was counted that way says so.
type Calendar []CalendarYear

// CalendarYear is one year's notice. Days are written 2027-02-06.
type CalendarYear struct {
	Year  int      `json:"year" toml:"year"`
	Basis string   `json:"basis" toml:"basis"`
	Off   []string `json:"off" toml:"off"`   // weekdays that are holidays
	Work  []string `json:"work" toml:"work"` // Saturdays and Sundays that are worked
}

const (
	dayForm        = "2006-01-02"
	maxCalendar    = 30  // years
	maxDaysOfAYear = 120 // off and worked, more than any notice has
)

// Known reports whether the year's notice was entered.
func (c Calendar) Known(year int) bool { return c.year(year) != nil }

func (c Calendar) year(year int) *CalendarYear {
	for i := range c {
		if c[i].Year == year {
			return &c[i]
		}
	}
	return nil
}

// Works reports whether people work on the day of an instant, in Beijing.
func (c Calendar) Works(at time.Time) bool {
	day := at.In(beijing)
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	y := c.year(day.Year())
	if y == nil {
		return !weekend
	}
	if weekend {
		return slices.Contains(y.Work, day.Format(dayForm))
	}
	return !slices.Contains(y.Off, day.Format(dayForm))
}

// AddWorkDays returns the end of the n-th working day after the day of an
// instant, and whether every year that was counted through is known.
func (c Calendar) AddWorkDays(from time.Time, n int) (end time.Time, known bool) {
	day := startOfDay(from)
	known = true
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		known = known && c.Known(day.Year())
		if c.Works(day) {
			n--
		}
	}
	return day.AddDate(0, 0, 1), known
}

// startOfDay is midnight before an instant, in Beijing.
func startOfDay(t time.Time) time.Time {
	y, m, d := t.In(beijing).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, beijing)
}

// Lacks returns the years that should have been entered by now: this one, and
// from December on the next one too.
func (c Calendar) Lacks(now time.Time) (years []int) {
	day := now.In(beijing)
	want := []int{day.Year()}
	if day.Month() == time.December {
		want = append(want, day.Year()+1)
	}
	for _, y := range want {
		if !c.Known(y) {
			years = append(years, y)
		}
	}
	return years
}

// Check says what is wrong in a calendar. A day off that is a weekend anyway, or
// a worked day that is a weekday, is a slip of the pen.
func (c Calendar) Check() error {
	if len(c) > maxCalendar {
		return fmt.Errorf("calendar: %d years, at most %d", len(c), maxCalendar)
	}
	for i, y := range c {
		if y.Year < 2000 || y.Year > 2200 || c.year(y.Year) != &c[i] {
			return fmt.Errorf("calendar: year %d stands twice or is out of range", y.Year)
		}
		if _, unsafe := UnsafeRune(y.Basis); unsafe || strings.TrimSpace(y.Basis) == "" || len([]rune(y.Basis)) > maxDutyText {
			return fmt.Errorf("calendar %d: basis: want the notice's number, 1 to %d characters", y.Year, maxDutyText)
		}
		if len(y.Off)+len(y.Work) > maxDaysOfAYear {
			return fmt.Errorf("calendar %d: %d days, at most %d", y.Year, len(y.Off)+len(y.Work), maxDaysOfAYear)
		}
		if err := y.check(); err != nil {
			return err
		}
	}
	return nil
}

func (y *CalendarYear) check() error {
	seen := map[string]bool{}
	for k, days := range [][]string{y.Off, y.Work} {
		for _, s := range days {
			d, err := time.ParseInLocation(dayForm, s, beijing)
			if err != nil || d.Year() != y.Year {
				return fmt.Errorf("calendar %d: %q is no day of that year; want %d-02-06", y.Year, s, y.Year)
			}
			weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			switch {
			case seen[s]:
				return fmt.Errorf("calendar %d: %s stands twice", y.Year, s)
			case k == 0 && weekend:
				return fmt.Errorf("calendar %d: %s is a weekend already", y.Year, s)
			case k == 1 && !weekend:
				return fmt.Errorf("calendar %d: %s is a weekday already", y.Year, s)
			}
			seen[s] = true
		}
	}
	return nil
}

// ParseCalendar reads a calendar as officers write it, one line for each day:
//
//	2027 国办发明电〔2026〕1号
//	2027-01-01 休
//	2027-02-06 班
//
// A line with a year alone opens the year and names the notice. Lines that begin
// with # are remarks. Weekends that are holidays need no line; they may have one.
func ParseCalendar(text string) (Calendar, error) {
	var c Calendar
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := c.take(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return c, c.Check()
}

func (c *Calendar) take(line string) error {
	first, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if year, err := strconv.Atoi(first); err == nil && len(first) == 4 {
		*c = append(*c, CalendarYear{Year: year, Basis: rest})
		return nil
	}
	d, err := time.ParseInLocation(dayForm, first, beijing)
	if err != nil {
		return fmt.Errorf("%.20q is neither a year nor a day", first)
	}
	y := c.year(d.Year())
	if y == nil {
		return fmt.Errorf("%s: write the line of the year %d before its days", first, d.Year())
	}
	weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
	what, _, _ := strings.Cut(rest, " ")
	switch {
	case what == "休" && !weekend:
		y.Off = append(y.Off, first)
	case what == "休": // a weekend that is off says nothing new
	case what == "班":
		y.Work = append(y.Work, first)
	default:
		return fmt.Errorf("%s: want 休 or 班 behind the day", first)
	}
	return nil
}

// Text writes the calendar so that [ParseCalendar] reads it back.
func (c Calendar) Text() string {
	var b strings.Builder
	for _, y := range c {
		fmt.Fprintf(&b, "%d %s\n", y.Year, y.Basis)
		for _, d := range y.Off {
			b.WriteString(d + " 休\n")
		}
		for _, d := range y.Work {
			b.WriteString(d + " 班\n")
		}
	}
	return b.String()
}
