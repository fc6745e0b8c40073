package shell

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// nextRecord reads from the files of ARGV, or from the standard input if there is none.
func (a *awk) nextRecord() (string, bool) {
	for a.process.ctx.Err() == nil {
		if a.input == nil && !a.nextFile() {
			return "", false
		}
		if line, ok := a.cut(a.input); ok {
			a.count("NR")
			a.count("FNR")
			return line, true
		}
		a.endInput()
	}
	return "", false
}

func (a *awk) count(name string) {
	c := a.global(name)
	a.assign(c, awkNumeric(c.value.number()+1))
}

// nextFile opens the next file of ARGV. Assignments among them are made on the way.
func (a *awk) nextFile() bool {
	for n := int(clamp(a.global("ARGC").value.number())); a.args > 0 && a.args < n; {
		v := a.global("ARGV").elements()[strconv.Itoa(a.args)]
		a.args++
		name := v.string("%d")
		if name == "" || a.argument(name) {
			continue
		}
		in, err := a.OpenRead(name)
		if err != nil {
			a.fail("%s: %s", name, files.Reason(err))
			a.status, a.opened = 1, true
			continue
		}
		a.begin(name, in)
		return true
	}
	if a.opened {
		return false
	}
	a.begin("", io.NopCloser(a.Stdin))
	return true
}

func (a *awk) begin(name string, in io.ReadCloser) {
	a.opened = true
	a.input = &awkReader{Reader: bufio.NewReader(in), close: func() { in.Close() }}
	a.assign(a.global("FILENAME"), awkText(name))
	a.assign(a.global("FNR"), awkNumeric(0))
}

// endInput gives up the file at hand.
func (a *awk) endInput() {
	if a.input != nil {
		a.input.close()
		a.input = nil
	}
}

// cut reads a record as RS says: up to a character, a paragraph, or up to a match of an expression.
func (a *awk) cut(r *awkReader) (string, bool) {
	switch separator := a.text("RS"); {
	case separator == "" || len(separator) > 1 || r.whole:
		return a.cutWhole(r, separator)
	default:
		line, err := limitedLine(r.Reader, separator[0])
		return line, line != "" || err == nil
	}
}

// cutWhole reads all that is left at first.
func (a *awk) cutWhole(r *awkReader, separator string) (string, bool) {
	if !r.whole {
		r.whole = true
		data, err := readAll(r.Reader)
		if err != nil {
			return "", false
		}
		text := strings.TrimSuffix(string(data), "\n")
		if separator == "" {
			text = strings.Trim(text, "\n")
			separator = "\n\n+"
		}
		if text != "" {
			r.rest = a.regex(separator).Split(text, -1)
		}
	}
	if len(r.rest) == 0 {
		return "", false
	}
	line := r.rest[0]
	r.rest = r.rest[1:]
	return line, true
}

// record is $0.
func (a *awk) record() string { return a.line }

func (a *awk) setRecord(line string) {
	a.line, a.split = line, false
}

// splitRecord finds the fields of the record, and NF.
func (a *awk) splitRecord() {
	if a.split {
		return
	}
	a.split = true
	a.fields = a.separate(a.line, a.text("FS"), a.text("RS") == "")
	a.assign(a.global("NF"), awkNumeric(float64(len(a.fields))))
}

// separate splits a text: by blanks, by a character, or by an expression. In paragraphs, the end of
// a line separates too.
func (a *awk) separate(text, separator string, lines bool) []string {
	if text == "" {
		return nil
	}
	switch {
	case separator == " ":
		return awkFields(strings.Fields(text))
	case separator == "":
		return awkFields(strings.Split(text, ""))
	case lines:
		return awkFields(a.regex("\n|("+separator+")").Split(text, -1))
	case len(separator) == 1:
		return awkFields(strings.Split(text, separator))
	}
	return awkFields(a.regex(separator).Split(text, -1))
}

func awkFields(fields []string) []string {
	if len(fields) > maxFields {
		panic(outOfMemory{})
	}
	return fields
}

func (a *awk) field(n int) awkValue {
	if n == 0 {
		return awkInput(a.line)
	}
	a.splitRecord()
	if n > len(a.fields) {
		return awkValue{}
	}
	return awkInput(a.fields[n-1])
}

// setField changes a field, and the record with it.
func (a *awk) setField(n int, text string) {
	if n == 0 {
		a.setRecord(limit(text))
		return
	}
	a.splitRecord()
	fields := slices.Clone(a.fields)
	for len(fields) < n {
		fields = append(fields, "")
	}
	fields[n-1] = text
	a.rebuild(fields)
}

// splitTo makes the record of the first n fields.
func (a *awk) splitTo(n int) {
	if n < 0 || n > maxFields {
		panic(awkError{0, "Access to negative field"})
	}
	count := a.global("NF").value
	a.splitRecord()
	fields := slices.Clone(a.fields)
	for len(fields) < n {
		fields = append(fields, "")
	}
	a.rebuild(fields[:n])
	a.assign(a.global("NF"), count)
}

func (a *awk) rebuild(fields []string) {
	a.fields, a.split = awkFields(fields), true
	a.line = limit(strings.Join(fields, a.text("OFS")))
	a.assign(a.global("NF"), awkNumeric(float64(len(fields))))
}

// getline reads a record from a reader, or the next one of the input: 1, 0 at the end, -1 if it
// cannot be read.
func (a *awk) getline(r *awkReader, set func(*awk, awkValue)) awkValue {
	var line string
	var ok bool
	switch {
	case r == nil:
		line, ok = a.nextRecord()
	case r.Reader == nil:
		return awkNumeric(-1)
	default:
		line, ok = a.cut(r)
	}
	if !ok {
		return awkNumeric(0)
	}
	if set == nil {
		a.setRecord(line)
	} else {
		set(a, awkInput(line))
	}
	return awkNumeric(1)
}

// reader opens an input for getline; it stays open.
func (a *awk) reader(key string, open func() (io.ReadCloser, error)) *awkReader {
	if r := a.readers[key]; r != nil {
		return r
	}
	if len(a.readers) >= maxDescriptors {
		panic(awkError{0, "too many open files"})
	}
	in, err := open()
	if err != nil {
		return &awkReader{close: func() {}}
	}
	r := &awkReader{Reader: bufio.NewReader(in), close: func() { in.Close() }}
	a.readers[key] = r
	return r
}

func (a *awk) fileInput(name string) *awkReader {
	return a.reader("<"+name, func() (io.ReadCloser, error) { return a.OpenRead(name) })
}

// command runs a command to its end and reads what it has printed.
func (a *awk) command(text string) *awkReader {
	return a.reader("|"+text, func() (io.ReadCloser, error) {
		var out bytes.Buffer
		a.flushAll()
		a.shell(text, nil, writerFunc(func(b []byte) (int, error) {
			if out.Len()+len(b) > maxInput {
				return 0, errors.New("too much output")
			}
			return out.Write(b)
		}))
		return io.NopCloser(&out), nil
	})
}

// closeNamed is close(): -1 if nothing of that name is open.
func (a *awk) closeNamed(name string) float64 {
	result := -1.0
	for _, how := range []string{">", ">>", "|"} {
		if w := a.writers[how+name]; w != nil {
			a.flushAll()
			w.close()
			delete(a.writers, how+name)
			result = 0
		}
	}
	for _, how := range []string{"<", "|"} {
		if r := a.readers[how+name]; r != nil {
			r.close()
			delete(a.readers, how+name)
			result = 0
		}
	}
	return result
}
