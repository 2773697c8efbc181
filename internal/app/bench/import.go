package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/journal"
	"mingluo/internal/roll"
)

// importParts is how many pieces the people are imported in. After each piece
// the same bytes are published bare, so that whatever else the machine does
// meets both alike.
const importParts = 10

// benchImport brings people from CSV files into a roll on disk, and publishes
// the same bytes as plain batches beside it.
func benchImport(ctx context.Context, o Options) (r Result, err error) {
	roof, err := newHouse(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, roof.leave()) }()
	parts, err := writeCSV(roof.dir, o.N)
	if err != nil {
		return nil, err
	}
	ours, bare := &house{filepath.Join(roof.dir, "a")}, &house{filepath.Join(roof.dir, "b")}
	var took, bareTook time.Duration
	var report roll.Report
	err = ours.open(ctx, func(store *journal.Store) error {
		return bare.open(ctx, func(other *journal.Store) error {
			defer o.measuring()()
			kept := &keeper{Store: store}
			people := roll.New(kept, roll.NewKeys(), alert.Foshan(), roll.Rules{Sample: true})
			for _, name := range parts {
				began := time.Now()
				if err := importFile(ctx, people, name, &report); err != nil {
					return err
				}
				took += time.Since(began)
				began = time.Now()
				if err := kept.repeat(ctx, other); err != nil {
					return err
				}
				bareTook += time.Since(began)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	r = timed(o.N, took)
	r["bare_per_second"] = float64(o.N) / bareTook.Seconds()
	r["ratio"] = bareTook.Seconds() / took.Seconds()
	r["joined"], r["rejected"] = report.Joined, report.Rejected
	r["disk_bytes"], r["rss_bytes"] = ours.diskBytes(), rssBytes()
	return r, nil
}

func importFile(ctx context.Context, people *roll.Roll, name string, sum *roll.Report) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := people.Import(ctx, time.Now(), roll.ReadCSV(f, alert.Foshan()), roll.ImportOptions{})
	sum.Joined += got.Joined
	sum.Rejected += got.Rejected
	return err
}

// keeper remembers what an import put, to publish it again.
type keeper struct {
	*journal.Store
	mu   sync.Mutex
	puts [][]alert.Put
}

// PutBatch keeps what was stored.
func (k *keeper) PutBatch(ctx context.Context, puts []alert.Put) (uint64, error) {
	seq, err := k.Store.PutBatch(ctx, puts)
	if err == nil {
		k.mu.Lock()
		k.puts = append(k.puts, puts)
		k.mu.Unlock()
	}
	return seq, err
}

// repeat publishes what was put to another store, batch after batch and without
// any expectation, and forgets it.
func (k *keeper) repeat(ctx context.Context, other *journal.Store) error {
	for _, puts := range k.puts {
		for i := range puts {
			puts[i].ExpectSubject = nil
		}
		if _, err := other.PutBatch(ctx, puts); err != nil {
			return err
		}
	}
	k.puts = nil
	return nil
}

// writeCSV writes the sample people, two thirds SMS, as an office would hand
// them in, and returns the files' names.
func writeCSV(dir string, n int) (names []string, err error) {
	var out *bufio.Writer
	var file *os.File
	end := func() error {
		if file == nil {
			return nil
		}
		return errors.Join(out.Flush(), file.Close())
	}
	per := max(1, (n+importParts-1)/importParts)
	i := 0
	for s := range roll.Samples(alert.Foshan(), n-n/3, n/3) {
		if i%per == 0 {
			if err := end(); err != nil {
				return nil, err
			}
			names = append(names, filepath.Join(dir, fmt.Sprintf("people-%02d.csv", len(names))))
			if file, err = os.Create(names[len(names)-1]); err != nil {
				return nil, err
			}
			out = bufio.NewWriterSize(file, 1<<16)
			fmt.Fprintln(out, "渠道,地址,区域,分组,最低级别,灾种,语言,免打扰")
		}
		i++
		fmt.Fprintln(out, csvLine(s))
	}
	return names, end()
}

func csvLine(s roll.Subscription) string {
	var hazards []string
	for _, h := range s.Hazards {
		hazards = append(hazards, string(h))
	}
	level := ""
	if s.MinLevel != alert.NoLevel {
		level = s.MinLevel.String()
	}
	return strings.Join([]string{s.Channel, s.Address, strings.Join(s.Areas, ";"), strings.Join(s.Groups, ";"), level, strings.Join(hazards, ";"), s.Lang, s.Quiet.String()}, ",")
}
