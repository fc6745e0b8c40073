package shell

import "fmt"

// options are what "set" can switch.
type options struct {
	allExport, errExit, noGlob, noUnset, xTrace, noExec, noClobber, pipeFail bool
}

// flags maps the names of options to their switches.
func (o *options) flags() map[string]*bool {
	return map[string]*bool{
		"allexport": &o.allExport, "errexit": &o.errExit, "noglob": &o.noGlob, "nounset": &o.noUnset,
		"xtrace": &o.xTrace, "noexec": &o.noExec, "noclobber": &o.noClobber, "pipefail": &o.pipeFail,
	}
}

// optionLetters maps letters to names of options.
func optionLetters() map[rune]string {
	return map[rune]string{
		'a': "allexport", 'e': "errexit", 'f': "noglob", 'u': "nounset", 'x': "xtrace", 'n': "noexec", 'C': "noclobber",
	}
}

// set switches an option by its letter. Those that only matter at a terminal are accepted.
func (o *options) set(letter rune, on bool) error {
	switch letter {
	case 'v', 'm', 'b', 'h':
		return nil
	}
	name, ok := optionLetters()[letter]
	if !ok {
		return fmt.Errorf("illegal option -%c", letter)
	}
	return o.setName(name, on)
}

// setName switches an option by its name.
func (o *options) setName(name string, on bool) error {
	flag, ok := o.flags()[name]
	if !ok {
		return fmt.Errorf("illegal option -o %s", name)
	}
	*flag = on
	return nil
}

// letters is the value of "$-".
func (o *options) letters() string {
	s := ""
	for _, c := range "aefuxnC" {
		if *o.flags()[optionLetters()[c]] {
			s += string(c)
		}
	}
	return s
}
