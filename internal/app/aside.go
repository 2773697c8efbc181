package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mingluo/internal/console"
)

// asideParts are the folders of streams that a start set aside because the
// server did not get through them (see journal.StuckError). The service runs on
// what it made anew from the second copy; a person has to compare and to put the
// folder away. They stay red until it is gone.
func (a *App) asideParts() (out []console.PartStatus) {
	dir := filepath.Join(a.cfg.Data, "aside")
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return []console.PartStatus{{Name: "aside", ZH: "旁置的数据", EN: "Data set aside", Lamp: console.Yellow, StateZH: "读不到 " + dir, State: dir + " cannot be read"}}
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		stream, _, _ := strings.Cut(e.Name(), "-")
		out = append(out, console.PartStatus{
			Name: "aside", ZH: "旁置的数据", EN: "Data set aside", Lamp: console.Red,
			StateZH: fmt.Sprintf("%s 的文件损坏，启动时移到了 %s，已由第二份重建，发送照常。请管理员运行 mingluo journal verify 核对%s，看 mingluo check，再把这个文件夹移出数据目录保存；移走后这一行消失", stream, filepath.Join(dir, e.Name()), countAgain(stream, "，再用 mingluo roll count 核对订阅人数")),
			State:   fmt.Sprintf("the files of %s were damaged and moved to %s when the service started; it was made anew from the second copy and warnings go on. Run mingluo journal verify%s and mingluo check, then move the folder out of the data directory and keep it; this line goes when it is gone", stream, filepath.Join(dir, e.Name()), countAgain(stream, ", mingluo roll count")),
		})
	}
	return out
}

// countAgain is what is done for the roll beside what is done for every stream.
func countAgain(stream, words string) string {
	if stream == "ROLL" {
		return words
	}
	return ""
}
