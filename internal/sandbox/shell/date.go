package shell

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// dateProgram prints the time. The time zone of containers is UTC.
func dateProgram(_ context.Context, p *Proc) int {
	format := takeISO(&p.Args)
	o, args, bad := p.options("uR", "dsrD")
	if bad {
		return 1
	}
	when := p.Now().UTC()
	if o.has('s') {
		return p.fail("can't set date: Operation not permitted")
	}
	if o.has('d') {
		var ok bool
		if when, ok = parseDate(o.value('d', ""), when); !ok {
			return p.fail("invalid date '%s'", o.value('d', ""))
		}
	}
	if o.has('r') {
		info, err := p.files.Stat(p.Path(o.value('r', "")))
		if err != nil {
			return p.fail("%s: %s", o.value('r', ""), files.Reason(err))
		}
		when = info.ModTime().UTC()
	}
	if o.has('R') {
		format = "%a, %d %b %Y %H:%M:%S %z"
	}
	if len(args) > 0 {
		if !strings.HasPrefix(args[0], "+") {
			return p.fail("invalid date '%s'", args[0])
		}
		format = args[0][1:]
	}
	p.printf("%s\n", formatDate(when, format))
	return 0
}

// takeISO takes -I and -Iseconds out of the arguments and returns the format to print in.
func takeISO(args *[]string) string {
	format := "%a %b %e %H:%M:%S %Z %Y"
	formats := map[string]string{"-I": "%F", "-Idate": "%F", "-Ihours": "%FT%H+00:00", "-Iminutes": "%FT%R+00:00", "-Iseconds": "%FT%T+00:00"}
	var rest []string
	for _, arg := range *args {
		if f, ok := formats[arg]; ok {
			format = f
			continue
		}
		rest = append(rest, arg)
	}
	*args = rest
	return format
}

// formatDate is strftime.
func formatDate(t time.Time, format string) string {
	layouts := map[byte]string{
		'Y': "2006", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'M': "04", 'S': "05", 'I': "03", 'p': "PM", 'y': "06",
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'Z': "MST", 'z': "-0700", 'j': "002",
		'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05",
		'k': "15", 'l': "3", 'r': "03:04:05 PM",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			b.WriteByte('%')
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'N':
			fmt.Fprintf(&b, "%09d", t.Nanosecond())
		case 'u':
			b.WriteString(strconv.Itoa((int(t.Weekday())+6)%7 + 1))
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case 'V':
			_, week := t.ISOWeek()
			fmt.Fprintf(&b, "%02d", week)
		case 'C':
			fmt.Fprintf(&b, "%02d", t.Year()/100)
		default:
			if layout, ok := layouts[c]; ok {
				b.WriteString(t.Format(layout))
			} else {
				b.WriteString(format[i-1 : i+1])
			}
		}
	}
	return b.String()
}

// parseDate understands what busybox's date -d does, besides a few forms of ISO 8601.
func parseDate(s string, now time.Time) (time.Time, bool) {
	if s == "now" {
		return now, true
	}
	if seconds, ok := strings.CutPrefix(s, "@"); ok {
		whole, fraction, _ := strings.Cut(seconds, ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return time.Unix(n, nanos).UTC(), err == nil
	}
	for _, layout := range []string{
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05",
		"Mon Jan _2 15:04:05 MST 2006", time.RFC1123Z, "200601021504.05", "200601021504",
	} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t.UTC(), true
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), true
		}
	}
	return time.Time{}, false
}
