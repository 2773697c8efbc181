package bench

import (
	"context"
	"iter"
	"runtime"

	"mingluo/internal/roll"
)

type rowSeq = iter.Seq2[roll.Row, error]

// abreast deals the rows out to as many workers as there are processors and
// two more, because each waits for the disk half of its time.
func abreast(ctx context.Context, rows rowSeq, work func(context.Context, rowSeq) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dealt := make(chan []roll.Row)
	workers := runtime.GOMAXPROCS(0) + 2
	ended := make(chan error, workers)
	for range workers {
		go func() {
			err := work(ctx, taken(dealt))
			if err != nil {
				cancel(err)
			}
			ended <- err
		}()
	}
	err := deal(ctx, rows, dealt)
	close(dealt)
	for range workers {
		if e := <-ended; e != nil && err == nil {
			err = e
		}
	}
	return err
}

const handful = 1000 // rows dealt at once: one batch of an import

func deal(ctx context.Context, rows rowSeq, to chan<- []roll.Row) error {
	hand := make([]roll.Row, 0, handful)
	give := func() error {
		select {
		case to <- hand:
			hand = make([]roll.Row, 0, handful)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if hand = append(hand, row); len(hand) == handful {
			if err := give(); err != nil {
				return err
			}
		}
	}
	if len(hand) == 0 {
		return nil
	}
	return give()
}

func taken(dealt <-chan []roll.Row) rowSeq {
	return func(yield func(roll.Row, error) bool) {
		for hand := range dealt {
			for _, row := range hand {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}
