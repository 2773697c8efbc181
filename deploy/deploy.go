// Package deploy carries the files of this folder that the program itself hands
// out: the example configuration, which mingluo init fills in.
package deploy

import _ "embed"

//go:embed mingluo.example.toml
var Example string
