package checks

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/traefik/yaegi/interp"

	"github.com/k8slab/k8slab/internal/checks/lint"
	"github.com/k8slab/k8slab/internal/checks/lint/dialect"
)

// TestDialect shows for each construct that is rejected what the interpreter
// makes of it: something else than the compiler.
func TestDialect(t *testing.T) {
	tests := map[string]struct {
		compiled func() string
		function string
		rejected string // where and why
	}{
		"loop_variable.go":     {dialect.LoopVariable, "LoopVariable", "9:44: the interpreter has one variable name for all iterations"},
		"loop_counter.go":      {dialect.LoopCounter, "LoopCounter", "9:41: the interpreter has one variable i for all iterations"},
		"loop_address.go":      {dialect.LoopAddress, "LoopAddress", "9:21: the interpreter has one variable name for all iterations"},
		"defer_in_loop.go":     {dialect.DeferInLoop, "DeferInLoop", "12:3: the interpreter runs a deferred call of a loop with the arguments of the last"},
		"case_error.go":        {dialect.CaseError, "CaseError", "9:7: the interpreter never finds that a value implements an interface such as error"},
		"case_stringer.go":     {dialect.CaseStringer, "CaseStringer", "12:7: the interpreter never finds that a value implements an interface such as fmt.Stringer"},
		"own_interface.go":     {dialect.OwnInterface, "OwnInterface", "3:6: the interpreter loses the methods"},
		"stringer.go":          {dialect.Stringer, "Stringer", "7:16: fmt does not see the method String"},
		"own_error.go":         {dialect.OwnError, "OwnError", "7:18: fmt does not see the method Error"},
		"nil_error.go":         {dialect.NilError, "NilError", "7:16: fmt does not see the method Error"},
		"method_value.go":      {dialect.MethodValue, "MethodValue", "10:11: the interpreter calls the method of a variable's last value"},
		"method_expression.go": {dialect.MethodExpression, "MethodExpression", "9:11: the interpreter does not know methods as functions"},
		"range_integer.go":     {dialect.RangeInteger, "RangeInteger", "8:17: cannot range over n (variable of type int): scripts are written in go1.20"},
		"range_function.go":    {dialect.RangeFunction, "RangeFunction", "6:20: cannot range over letters"},
		"minimum.go":           {dialect.Minimum, "Minimum", "6:43: built-in min: scripts are written in go1.20"},
		"maximum.go":           {dialect.Maximum, "Maximum", "6:43: built-in max: scripts are written in go1.20"},
		"clearing.go":          {dialect.Clearing, "Clearing", "8:2: clear: scripts are written in go1.20"},
		"struct_reassigned.go": {dialect.StructReassigned, "StructReassigned", "11:2: the interpreter makes another variable of p"},
		"struct_pointed.go":    {dialect.StructPointed, "StructPointed", "11:2: the interpreter makes another variable of s"},
		"any_element.go":       {dialect.AnyElement, "AnyElement", "9:31: the interpreter hides a value of the script's type owned"},
		"any_appended.go":      {dialect.AnyAppended, "AnyAppended", "12:20: the interpreter hides a value of the script's type listed"},
		"any_argument.go":      {dialect.AnyArgument, "AnyArgument", "11:41: the interpreter hides a value of the script's type passed"},
		"any_field.go":         {dialect.AnyField, "AnyField", "12:50: the interpreter hides a value of the script's type fact"},
		"result_order.go":      {dialect.ResultOrder, "ResultOrder", "14:15: the interpreter has overwritten the result low"},
		"several_assigned.go":  {dialect.SeveralAssigned, "SeveralAssigned", "9:2: the interpreter may not assign to ready here"},
		"several_values.go":    {dialect.SeveralValues, "SeveralValues", "7:2: the interpreter forgets the other values"},
		"several_variables.go": {dialect.SeveralVariables, "SeveralVariables", "7:6: the interpreter forgets the other values"},
		"field_names.go":       {dialect.FieldNames, "FieldNames", `8:47: the interpreter has other names for types and fields than %+v prints`},
		"recovered.go":         {dialect.Recovered, "Recovered", "7:35: what recover returns differs"},
	}
	files, err := fs.Glob(dialect.Sources(), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		test, ok := tests[file]
		if !ok && file != "dialect.go" && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s is not tested", file)
		}
		if !ok {
			continue
		}
		t.Run(file, func(t *testing.T) {
			src := asScript(t, file)
			compiled, interpreted := test.compiled(), interpret(src, test.function)
			if compiled == interpreted {
				t.Errorf("compiled and interpreted it gives %q: the rule can go", compiled)
			}
			t.Logf("compiled %q, interpreted %q", compiled, interpreted)
			problems := lint.Script(file, src)
			if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), file+":"+test.rejected) {
				t.Errorf("rejected as %v\nwant %s:%s", problems, file, test.rejected)
			}
		})
	}
}

// TestInterpreterAcceptsWhatCompilerRejects runs what the interpreter takes for
// correct Go, and shows that the linter does not.
func TestInterpreterAcceptsWhatCompilerRejects(t *testing.T) {
	tests := []struct{ name, src, rejected string }{
		{"unused variable", "func F() string {\n\tx := 1\n\treturn \"\"\n}", "4:2: declared and not used: x"},
		{"unused import", "import \"fmt\"\n\nfunc F() string { return \"\" }", `3:8: "fmt" imported and not used`},
		{"missing return", "func F() string {\n\tif false {\n\t\treturn \"\"\n\t}\n}", "7:1: missing return"},
		{"too few variables", "func two() (string, int) { return \"\", 1 }\n\nfunc F() string {\n\ts := two()\n\treturn s\n}", "6:7: assignment mismatch: 1 variable but two returns 2 values"},
		{"package variable", "var n int\n\nfunc F() string {\n\tn++\n\treturn \"\"\n}", "3:1: a variable of the package outlives the check"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := []byte("package checks\n\n" + test.src + "\n")
			if got := interpret(src, "F"); got != "" {
				t.Errorf("the interpreter gives %q: it rejects this itself now", got)
			}
			problems := lint.Script("checks.go", src)
			if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), "checks.go:"+test.rejected) {
				t.Errorf("rejected as %v\nwant checks.go:%s", problems, test.rejected)
			}
		})
	}
}

func asScript(t *testing.T, file string) []byte {
	src, err := fs.ReadFile(dialect.Sources(), file)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(src), "package dialect", "package checks ", 1))
}

// interpret returns what a function gives when it is interpreted as it stands, or
// what is wrong.
func interpret(src []byte, function string) (result string) {
	defer func() {
		if p := recover(); p != nil {
			result = fmt.Sprintf("panic: %v", p)
		}
	}()
	var at position
	i := interp.New(interp.Options{Stderr: io.Discard})
	if err := i.Use(exports(io.Discard, &at)); err != nil {
		return err.Error()
	}
	if _, err := i.Eval(string(src)); err != nil {
		return "error: " + err.Error()
	}
	v, err := i.Eval("checks." + function + "()")
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprint(v)
}
