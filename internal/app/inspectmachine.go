package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/shared"
)

// inspectMachine looks at what lies around the configuration: the key files, the
// clock, the backups' place, Redis.
func inspectMachine(ctx context.Context, c Config) []Finding {
	out := inspectKeys(c)
	out = append(out, inspectClock(c)...)
	out = append(out, inspectBackupDir(c)...)
	return append(out, inspectRedis(ctx, c)...)
}

func inspectKeys(c Config) (out []Finding) {
	if info, err := os.Stat(c.Data); err == nil && info.Mode().Perm()&0o077 != 0 {
		out = append(out, Finding{true, "别人能进入数据目录：chmod 700 " + c.Data, "Others can enter the data folder: chmod 700 " + c.Data})
	}
	for _, name := range []string{rollKeyFile, consoleKeyFile, journalKeyFile} {
		path := filepath.Join(c.Data, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != journalKeyFile:
			out = append(out, Finding{true, "没有密钥文件 " + path + "：新装请运行 mingluo init，恢复请先放回密钥。", "The key file " + path + " is missing: mingluo init for a new installation; for a restore put the keys back first."})
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			out = append(out, Finding{true, fmt.Sprintf("看不到密钥文件：%v", err), fmt.Sprintf("A key file cannot be seen: %v", err)})
		case err == nil && info.Mode().Perm()&0o077 != 0:
			out = append(out, Finding{true, "别人能读密钥：chmod 600 " + path + "，并想想谁读过。", "Others can read a key: chmod 600 " + path + ", and think about who did."})
		}
	}
	return out
}

// inspectClock asks the kernel whether something keeps its clock. The deadlines
// are legal ones, and instants of several machines are compared.
func inspectClock(c Config) []Finding {
	synced, err := clockSynced()
	switch {
	case err != nil:
		return []Finding{{false, fmt.Sprintf("看不到系统时钟是否同步：%v", err), fmt.Sprintf("Whether the clock is synchronised cannot be seen: %v", err)}}
	case !synced:
		return []Finding{{c.Mode == alert.Live, "系统时钟没有同步，法定时限会走偏：请装 chrony 并指向本单位的时间源。", "The clock is not synchronised, so the legal deadlines drift: install chrony and point it at a time source."}}
	}
	return nil
}

func inspectBackupDir(c Config) []Finding {
	dir := c.Backup.Dir
	if dir == "" {
		return []Finding{{false, "没有设置自动备份（backup.dir）。", "No backups are made by themselves (backup.dir)."}}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return []Finding{{true, fmt.Sprintf("备份目录不能使用：%v", err), fmt.Sprintf("The folder for backups cannot be used: %v", err)}}
	}
	data, err := os.Stat(c.Data)
	if err != nil {
		return nil // said elsewhere
	}
	a, okA := info.Sys().(*syscall.Stat_t)
	b, okB := data.Sys().(*syscall.Stat_t)
	if okA && okB && a.Dev == b.Dev {
		return []Finding{{false, "备份和数据在同一块磁盘上：磁盘坏了两样都没有。", "The backups lie on the record's own disk: both go with it."}}
	}
	return nil
}

// redisWait bounds a look at Redis.
const redisWait = 3 * time.Second

// inspectRedis asks each Redis as the service would, with its name and password.
func inspectRedis(ctx context.Context, c Config) (out []Finding) {
	if len(c.Redis.URLs) == 0 {
		return nil
	}
	if err := askRedis(ctx, c); err != nil {
		where := c.Redis.Where()
		out = append(out, Finding{false, "Redis 用不上，发送会慢一些：" + where, fmt.Sprintf("Redis %s is of no use, sending is slower: %v", where, err)})
	}
	return out
}

func askRedis(ctx context.Context, c Config) error {
	conf, err := c.Redis.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redisWait)
	defer cancel()
	conf.Log = slog.New(slog.DiscardHandler)
	r, err := shared.Open(ctx, conf)
	if err != nil {
		return err
	}
	return errors.Join(r.Health(ctx), r.Close())
}
