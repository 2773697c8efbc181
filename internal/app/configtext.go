package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"mingluo/deploy"
)

// ConfigText is the example configuration with some settings given, by their
// dotted names; everything else keeps its default and its comment. What comes out
// was read back and says what was given.
func ConfigText(given map[string]any) (string, error) {
	rest := map[string]string{}
	for name, v := range given {
		text, err := tomlValue(v)
		if err != nil {
			return "", fmt.Errorf("write the configuration: %s: %w", name, err)
		}
		rest[name] = text
	}
	setting := regexp.MustCompile(`^(\w+)( *= *)("[^"]*"|\[\]|[\w.]+)( *)(#.*)?$`)
	section := ""
	var out strings.Builder
	for line := range strings.Lines(deploy.Example) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] ") + "."
		}
		if m := setting.FindStringSubmatch(line); m != nil && rest[section+m[1]] != "" {
			line = replaced(m, rest[section+m[1]])
			delete(rest, section+m[1])
		}
		out.WriteString(line + "\n")
	}
	for name := range rest {
		return "", fmt.Errorf("write the configuration: there is no setting %s", name)
	}
	return out.String(), readsBack(out.String(), given)
}

// replaced puts a value in a line's place and keeps its comment in its column as
// far as that goes.
func replaced(m []string, value string) string {
	name, eq, old, gap, comment := m[1], m[2], m[3], m[4], m[5]
	if comment == "" {
		return name + eq + value
	}
	room := max(1, width(old)+len(gap)-width(value))
	return name + eq + value + strings.Repeat(" ", room) + comment
}

// width is how many columns a terminal shows: Chinese takes two.
func width(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0x2e80 {
			n++
		}
	}
	return n
}

// tomlValue writes a string, a number or a bool. JSON's strings are TOML's.
func tomlValue(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// readsBack checks that the text says what was given: giving it once more changes
// nothing.
func readsBack(text string, given map[string]any) error {
	once, err := Parse([]byte(text))
	if err != nil {
		return err
	}
	twice, err := Parse([]byte(text))
	if err != nil {
		return err
	}
	for name, v := range given {
		if err := setField(reflect.ValueOf(&twice).Elem(), strings.Split(name, "."), v); err != nil {
			return fmt.Errorf("write the configuration: %s: %w", name, err)
		}
	}
	if !reflect.DeepEqual(once, twice) {
		return errors.New("write the configuration: what was given does not come back from it")
	}
	return nil
}

// setField sets a setting by its dotted name.
func setField(v reflect.Value, path []string, to any) error {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("toml") != path[0] {
			continue
		}
		if len(path) > 1 {
			return setField(v.Field(i), path[1:], to)
		}
		x := reflect.ValueOf(to)
		if !x.CanConvert(v.Field(i).Type()) {
			return fmt.Errorf("%v does not fit", to)
		}
		v.Field(i).Set(x.Convert(v.Field(i).Type()))
		return nil
	}
	return errors.New("there is no setting of this name")
}
