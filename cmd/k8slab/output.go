package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFormat is the value of -o.
type outputFormat struct {
	value   string
	allowed []string
}

const (
	formatText = "text"
	formatJSON = "json"
	formatYAML = "yaml"
	formatName = "name"
)

// addTo gives the command -o with these formats, the first of which is the default.
func (o *outputFormat) addTo(c *cobra.Command, formats ...string) {
	o.value, o.allowed = formats[0], formats
	c.Flags().VarP(o, "output", "o", "output format: "+strings.Join(formats, "|"))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// String, Set and Type make it a flag.
func (o *outputFormat) String() string { return o.value }

func (o *outputFormat) Set(value string) error {
	if !slices.Contains(o.allowed, value) {
		return fmt.Errorf("must be one of %s", strings.Join(o.allowed, ", "))
	}
	o.value = value
	return nil
}

func (o *outputFormat) Type() string { return "format" }

// write prints v in the chosen format; text and name print it their own way.
func (o *outputFormat) write(w io.Writer, v any, text, name func() error) error {
	switch o.value {
	case formatJSON:
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	case formatYAML:
		content, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	case formatName:
		return name()
	default:
		return text()
	}
}
