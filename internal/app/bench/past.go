package bench

import (
	"context"
	"time"

	"mingluo/internal/journal"
)

// Past appends the lives of so many notices, issued and lifted days ago, to a
// journal: for tests of what a service does after years of work. They went to the
// web alone.
func Past(ctx context.Context, book *journal.Book, notices int) error {
	return write(ctx, book, notices, life{at: time.Now().UTC().AddDate(0, 0, -10).Truncate(time.Second)})
}
