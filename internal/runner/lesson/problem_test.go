package lesson

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// replaced returns lesson.md of the good lesson with some text replaced.
func replaced(t *testing.T, old, new string) string {
	t.Helper()
	if !strings.Contains(front+steps, old) {
		t.Fatalf("the good lesson has no %q", old)
	}
	return strings.Replace(front+steps, old, new, 1)
}

// in writes a fence into the second step, from line 35 on.
func fenced(t *testing.T, info, body string) string {
	return replaced(t, "## Change it {#change}\n", "## Change it {#change}\n\n```"+info+"\n"+body+"```\n")
}

// TestProblems has a case for every problem. want is what stands in the list of
// problems, exactly.
func TestProblems(t *testing.T) {
	md := func(old, new string) map[string]string {
		return map[string]string{"lesson.md": replaced(t, old, new)}
	}
	block := func(info, body string) map[string]string {
		return map[string]string{"lesson.md": fenced(t, info, body)}
	}
	file := func(name, data string) map[string]string { return map[string]string{name: data} }
	tests := []struct {
		name  string
		files map[string]string // changed files; empty ones are removed
		want  []string
	}{
		// links
		{"links that lead somewhere", md("## Change it {#change}\n", "## Change it {#change}\n\n[a](https://kubernetes.io/docs/) [b](#create) [c](web.yaml) [d](../demo) <https://example.org>\n"), nil},
		{"links that lead nowhere", md("## Change it {#change}\n", "## Change it {#change}\n\n[a](ftp://x) [b](#creat) [c](wob.yaml) [d](../other) [e](https:///x) [f](../../etc)\n"), []string{
			`demo/lesson.md:35: the link #creat leads to no step. Did you mean create?`,
			`demo/lesson.md:35: the link ../../etc leads to no lesson. Write ../ and the name of a lesson.`,
			`demo/lesson.md:35: the link ../other leads to no lesson. Write ../ and the name of a lesson.`,
			`demo/lesson.md:35: the link ftp://x leads to no page. Write a link such as https://kubernetes.io/docs/.`,
			`demo/lesson.md:35: the link https:///x leads to no page. Write a link such as https://kubernetes.io/docs/.`,
			`demo/lesson.md:35: the link wob.yaml leads to no file of the workspace. Add start/wob.yaml, or correct the name.`}},
		{"links and images that a terminal does not like", block("hint", "See [this](http://example.org) ![that](x.png)\n"), []string{
			`demo/lesson.md:35: warning: a terminal does not show the image x.png. Say it in words, or draw it with characters.`,
			`demo/lesson.md:35: warning: the link http://example.org is not encrypted. Write https.`}},

		// the front matter
		{"no front matter", file("lesson.md", steps), []string{
			`demo/lesson.md:1: there is no front matter. Begin the file with a line ---, then format: 1 and the other keys, then another line ---.`}},
		{"front matter not closed", file("lesson.md", "---\nformat: 1\n"), []string{
			`demo/lesson.md:1: there is no front matter. Begin the file with a line ---, then format: 1 and the other keys, then another line ---.`,
			`demo/lesson.md:3: the lesson has no steps. Write a heading such as: ## Create it {#create}.`,
			`demo/solution/change: there is no step "change". The lesson has no steps.`,
			`demo/wrong/nothing/case.yaml:3:12: no step has a check "Changed". Write the name of a check that a step has.`,
			`demo/wrong/nothing/change: there is no step "change". The lesson has no steps.`,
			`demo/wrong/nothing/create: there is no step "create". The lesson has no steps.`}},
		{"newer format", md("format: 1", "format: 2"), []string{
			`demo/lesson.md:2:9: format is 2, and this k8slab reads formats up to 1. Use a newer k8slab for this lesson.`}},
		{"format no number", md("format: 1", "format: one"), []string{
			`demo/lesson.md:2:9: format is "one". Write format: 1.`}},
		{"format missing", md("format: 1\n", ""), []string{
			`demo/lesson.md:2: the front matter has no format. Add format:.`}},
		{"unknown key", md("minutes: 5", "minutes: 5\nsumary: x"), []string{
			`demo/lesson.md:6:1: warning: unknown key "sumary" is ignored. Did you mean "summary"?`}},
		{"unknown key, far from all", md("minutes: 5", "minutes: 5\nzzzzzzzzzz: x"), []string{
			`demo/lesson.md:6:1: warning: unknown key "zzzzzzzzzz" is ignored. The known keys are format, title, summary, minutes, objectives, prerequisites, cluster, isolation, images, paces, points.`}},
		{"isolation", md("minutes: 5", "minutes: 5\nisolation: none"), []string{
			`demo/lesson.md:6:12: isolation is "none". Write namespace, or cluster if the lesson touches nodes or other objects that are in no namespace.`}},
		{"unknown nested key", md("nodes: 2", "node: 2"), []string{
			`demo/lesson.md:9:3: warning: unknown key "node" is ignored. Did you mean "nodes"?`}},
		{"key twice", md("minutes: 5", "minutes: 5\nminutes: 6"), []string{
			`demo/lesson.md:6:1: key "minutes" is there twice. Keep one of them.`}},
		{"YAML syntax", md("title: Some title", "title: [Some"), []string{
			`demo/lesson.md:3: YAML: did not find expected ',' or ']'. Check the indentation and quote values that contain a colon.`}},
		{"front matter is a list", md(strings.TrimSuffix(strings.TrimPrefix(front, "---\n"), "---\n"), "- a\n"), []string{
			`demo/lesson.md:2:1: the front matter is not a mapping. Write key: value lines.`}},
		{"title empty", md("title: Some title", "title:"), []string{
			`demo/lesson.md:3:7: title is not text. Write some text, in quotes if it contains a colon.`}},
		{"title of two lines", md("title: Some title", "title: |\n  Some\n  title"), []string{
			`demo/lesson.md:3:8: title has several lines. Write it in one line.`}},
		{"minutes", md("minutes: 5", "minutes: many"), []string{
			`demo/lesson.md:5:10: minutes is "many". Write a whole number from 1 to 600.`}},
		{"minutes a list", md("minutes: 5", "minutes: [5]"), []string{
			`demo/lesson.md:5:10: minutes is not a single value. Write a whole number from 1 to 600.`}},
		{"objectives no list", md("objectives:\n  - Do it.", "objectives: Do it."), []string{
			`demo/lesson.md:6:13: objectives is not a list. Write objectives: and below it a line starting with a dash for each entry.`}},
		{"cluster no mapping", md("cluster:\n  nodes: 2", "cluster: 2"), []string{
			`demo/lesson.md:8:10: cluster is not a mapping. Write key: value lines.`}},
		{"too many nodes", md("nodes: 2", "nodes: 4"), []string{
			`demo/lesson.md:9:10: nodes is "4". Write a whole number from 1 to 3.`}},
		{"Kubernetes version", md("nodes: 2", "kubernetes: v1.36.3"), []string{
			`demo/lesson.md:9:15: kubernetes is "v1.36.3". Write the minimum minor version in quotes, such as "1.36".`}},
		{"provider", md("nodes: 2", "provider: minikube"), []string{
			`demo/lesson.md:9:13: provider is "minikube". Write embedded, kind or existing, or leave it out if any will do.`}},
		{"paces without 1", md("points: 3", "points: 3\npaces: [5]"), []string{
			`demo/lesson.md:12:8: paces does not contain 1, the pace of every grade. Add 1 to the list.`}},
		{"pace 0", md("points: 3", "points: 3\npaces: [1, 0]"), []string{
			`demo/lesson.md:12:12: paces entry is "0". Write a number greater than 0, at most 1000.`}},
		{"pace NaN", md("points: 3", "points: 3\npaces: [1, NaN]"), []string{
			`demo/lesson.md:12:12: paces entry is "NaN". Write a number greater than 0, at most 1000.`}},
		{"paces no list", md("points: 3", "points: 3\npaces: 1"), []string{
			`demo/lesson.md:12:8: paces is not a list. Write a list such as [1, 5].`}},
		{"points do not add up", md("points: 3", "points: 4"), []string{
			`demo/lesson.md:11:9: the points of the checks add up to 3, not to 4. Write points: 3, or change the points of the checks.`}},
		{"image not used", md(`["nginx:1.25"]`, `["nginx:1.25", "busybox:1.36"]`), []string{
			`demo/lesson.md:10: warning: image "busybox:1.36" is listed and not used. Remove it from images.`}},
		{"image not listed", file("start/web.yaml", strings.ReplaceAll(manifest, "1.25", "1.27")), []string{
			`demo/start/web.yaml:4:14: image "nginx:1.27" is not listed. Add "nginx:1.27" to images in the front matter.`}},

		// steps
		{"no steps", map[string]string{"lesson.md": strings.Replace(front, "points: 3", "points: 0", 1) + "Hello.\n",
			"solution/change/web.yaml": "", "solution/change/commands.sh": "", "wrong/nothing/case.yaml": "",
			"wrong/nothing/change/web.yaml": "", "wrong/nothing/create/commands.sh": ""}, []string{
			`demo/lesson.md:14: the lesson has no steps. Write a heading such as: ## Create it {#create}.`}},
		{"step without id", md("## Create it {#create deadline=90s}", "## Create it"), []string{
			`demo/lesson.md:14: the step has no id. Write it as ## Create it {#some-id}.`,
			`demo/wrong/nothing/create: there is no step "create". The steps are change.`}},
		{"step id no label", md("{#create deadline=90s}", "{#Create_It}"), []string{
			`demo/lesson.md:14: the step's attributes are malformed: "Create_It" is no id. Write it as ## Create it {#some-id deadline=90s}. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`,
			`demo/wrong/nothing/create: there is no step "create". The steps are change.`}},
		{"step with two ids", md("{#create deadline=90s}", "{#create #b}"), []string{
			`demo/lesson.md:14: the step's attributes are malformed: there are two ids. Write it as ## Create it {#some-id deadline=90s}. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`}},
		{"step without title", md("## Create it {#create deadline=90s}", "## {#create}"), []string{
			`demo/lesson.md:14: the step has no title. Write what the step is about.`}},
		{"unknown step attribute", md("deadline=90s", "dedline=90s"), []string{
			`demo/lesson.md:14: warning: unknown attribute "dedline" is ignored. A step has an id and a deadline.`}},
		{"attribute not key=value", md("deadline=90s", "deadline="), []string{
			`demo/lesson.md:14: the step's attributes are malformed: "deadline=" is not key=value. Write it as ## Create it {#some-id deadline=90s}. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`}},
		{"attribute twice", md("deadline=90s", "deadline=90s deadline=80s"), []string{
			`demo/lesson.md:14: the step's attributes are malformed: deadline is there twice. Write it as ## Create it {#some-id deadline=90s}. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`}},
		{"deadline", md("deadline=90s", "deadline=90"), []string{
			`demo/lesson.md:14: the deadline is "90". Write a duration such as 90s or 2m, at most 1h.`}},
		{"deadline too long", md("deadline=90s", "deadline=2h"), []string{
			`demo/lesson.md:14: the deadline is "2h". Write a duration such as 90s or 2m, at most 1h.`}},
		{"step twice", md("{#change}", "{#create}"), []string{
			`demo/lesson.md:33: step "create" has checks, and nothing that makes them pass. Add solution/create with the files or commands that make them pass, or an sh {run} block.`,
			`demo/lesson.md:33: step "create" is there already, in line 14. Give one of them another name, or remove it.`,
			`demo/solution/change: there is no step "change". The steps are create.`,
			`demo/wrong/nothing/change: there is no step "change". The steps are create.`}},
		{"heading of the first level", md("Read this.", "# Read this"), []string{
			`demo/lesson.md:16: warning: there is a heading of the first level, and the title is in the front matter. Remove it, or make it a step with ##.`}},
		{"line of dashes", md("Read this.", "Read this.\n---"), []string{
			`demo/lesson.md:16: a line of dashes makes this text a heading. Write ## before the heading, or an empty line before the line of dashes.`}},

		// blocks
		{"unknown mark", block("sh {rum}", "kubectl get pods\n"), []string{
			`demo/lesson.md:35: there is no block "sh {rum}". Write sh {run}, sh {given}, checks, hint or question {#some-id}; leave the braces out if the block is only to be read.`}},
		{"mark on another language", block("bash {run}", "kubectl get pods\n"), []string{
			`demo/lesson.md:35: there is no block "bash {run}". Write sh {run}, sh {given}, checks, hint or question {#some-id}; leave the braces out if the block is only to be read.`}},
		{"almost a block", block("hints", "Look.\n"), []string{
			`demo/lesson.md:35: there is no block "hints". Did you mean "hint"?`}},
		{"almost a block by case", block("Hint", "Look.\n"), []string{
			`demo/lesson.md:35: there is no block "Hint". Did you mean "hint"?`}},
		{"malformed attributes", block("question {#A}", "prompt: x\n"), []string{
			`demo/lesson.md:35: the block's attributes are malformed: "A" is no id. Write it as sh {run}, sh {given}, checks, hint or question {#some-id}. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`}},
		{"unknown attribute of a block", block("hint {tier=2}", "Look.\n"), []string{
			`demo/lesson.md:35: warning: unknown attribute "tier" of the hint block is ignored. Remove it.`}},
		{"id of a block that has none", block("hint {#look}", "Look.\n"), []string{
			`demo/lesson.md:35: warning: unknown attribute "#look" of the hint block is ignored. Remove it.`}},
		{"run and given", block("sh {given run}", "kubectl get pods\n"), []string{
			`demo/lesson.md:35: the block is both run and given. Keep run if the learner types it, given if the runner does.`,
			`demo/lesson.md:33: step "change" has run blocks and solution/change. Move the commands to solution/change/commands.sh, or remove the directory.`}},
		{"empty hint", block("hint", ""), []string{
			`demo/lesson.md:35: the hint block is empty. Write something into it, or remove it.`}},
		{"empty checks", block("checks", "\n"), []string{
			`demo/lesson.md:35: the checks block is empty. Write something into it, or remove it.`}},
		{"empty given", block("sh {given}", ""), []string{
			`demo/lesson.md:35: the sh block is empty. Write something into it, or remove it.`}},
		{"block not closed", file("lesson.md", front+steps+"\n```hint\nLook.\n"), []string{
			`demo/lesson.md:47: the block is not closed. Close it with a line of the same backquotes.`}},
		{"block before the first step", md("\n## Create it", "\n```hint\nLook.\n```\n\n## Create it"), []string{
			`demo/lesson.md:14: a hint block stands before the first step. Move it below the heading of a step.`}},
		{"block in a list", md("Read this.", "- Read this.\n\n  ```sh {run}\n  kubectl get pods\n  ```"), []string{
			`demo/lesson.md:18: the sh block stands inside a list or a quotation, where it has no effect. Move it to the left margin.`}},

		// checks
		{"check no name", md("Created 1", "created 1"), []string{
			`demo/lesson.md:26: "created" is no name of a check. Write the name of an exported function of checks/checks.go.`}},
		{"check without points", md("Created 1", "Created"), []string{
			`demo/lesson.md:26: check Created has no points. Write the points behind the name, such as: Created 2.`,
			`demo/lesson.md:11:9: the points of the checks add up to 2, not to 3. Write points: 2, or change the points of the checks.`}},
		{"check with 0 points", md("Created 1", "Created 0"), []string{
			`demo/lesson.md:26: check Created has no points. Write the points behind the name, such as: Created 2.`,
			`demo/lesson.md:11:9: the points of the checks add up to 2, not to 3. Write points: 2, or change the points of the checks.`}},
		{"check twice", md("Created 1", "Changed 1"), []string{
			`demo/lesson.md:42: check "Changed" is there already, in line 26. Give one of them another name, or remove it.`}},
		{"no checks.go", file("checks/checks.go", ""), []string{
			`demo/lesson.md:26: the lesson has checks and no checks/checks.go. Add checks/checks.go with the function Created.`}},

		// questions
		{"question without id", md("question {#predict}", "question"), []string{
			`demo/lesson.md:35: the question has no id. Write it as question {#some-id}.`}},
		{"question twice", block("question {#predict}", "prompt: a\nanswer: b\nexplain: c\n"), []string{
			`demo/lesson.md:41: question "predict" is there already, in line 35. Give one of them another name, or remove it.`}},
		{"question without answer", md("answer: 0|none\n", ""), []string{
			`demo/lesson.md:36: the question has no answer. Add answer:.`}},
		{"unknown key of a question", md("explain: Look", "explains: x\nexplain: Look"), []string{
			`demo/lesson.md:38:1: warning: unknown key "explains" is ignored. Did you mean "explain"?`}},
		{"question empty", block("question {#q}", ""), []string{
			`demo/lesson.md:35: the question has no prompt. Add prompt:.`,
			`demo/lesson.md:35: the question has no answer. Add answer:.`,
			`demo/lesson.md:35: the question has no explain. Add explain:.`}},
		{"answer no pattern", md("0|none", "0|(none"), []string{
			"demo/lesson.md:35: the answer of question \"predict\" is no regular expression: error parsing regexp: missing closing ): `(?is)^(?:0|(none)$`. Write a regular expression as Go has them (https://pkg.go.dev/regexp/syntax)."}},
		{"several answers without choices", md("0|none", "[a, b]"), []string{
			`demo/lesson.md:35: question "predict" has several answers and no choices. Write one regular expression, such as 0|zero|none, or add choices.`}},
		{"answer no choice", md("answer: 0|none", "answer: c\nchoices: [a, b]"), []string{
			`demo/lesson.md:35: the answer "c" of question "predict" is none of its choices. Write one of: a, b.`}},
		{"too many choices", md("answer: 0|none", "answer: c\nchoices: [a, b, c, d, e, f, g, h, i, j]"), []string{
			`demo/lesson.md:35: question "predict" has 10 choices, at most 9 are allowed. Leave some out.`}},
		{"choice twice", md("answer: 0|none", "answer: a\nchoices: [a, b, A]"), []string{
			`demo/lesson.md:35: question "predict" has the choice "A" twice. Remove one.`}},

		// commands
		{"shell syntax", block("sh {given}", "kubectl get pods\nkubectl get \"pods\n"), []string{
			"demo/lesson.md:37:13: the shell cannot read this: reached EOF without closing quote `\"`. Write it so that any POSIX shell reads it."}},
		{"not POSIX", block("sh {given}", "a=(1 2)\n"), []string{
			`demo/lesson.md:36:3: POSIX shell does not have arrays. Write it so that any POSIX shell reads it.`}},
		{"command not ended", block("sh {given}", "kubectl get pods \\\n"), []string{
			`demo/lesson.md:36: the command goes on in a line that is not there. Remove the backslash at its end.`}},
		{"another program", block("sh {given}", "kubectl get pods | grep web\n"), []string{
			`demo/lesson.md:36: the command is grep, which not every learner has. Use kubectl and what every shell has: : [ echo export false printf read set test true unset.`}},
		{"computed program", block("sh {given}", "\n$EDITOR web.yaml\n"), []string{
			`demo/lesson.md:37: the command is a name that is computed, which not every learner has. Use kubectl and what every shell has: : [ echo export false printf read set test true unset.`}},
		{"commands.sh", file("solution/change/commands.sh", "kubectl apply -f web.yaml\n\n\"\n"), []string{
			"demo/solution/change/commands.sh:3:1: the shell cannot read this: reached EOF without closing quote `\"`. Write it so that any POSIX shell reads it."}},
		{"file that is not there", block("sh {given}", "kubectl apply -f wbe.yaml\n"), []string{
			`demo/lesson.md:36: there is no file wbe.yaml in the workspace. Add start/wbe.yaml, or correct the name.`}},
		{"file above the workspace", block("sh {given}", "kubectl apply --filename=../web.yaml\n"), []string{
			`demo/lesson.md:36: the command leaves the workspace with ../web.yaml. Use a path inside the workspace.`}},
		{"absolute file", block("sh {given}", "kubectl apply -f /etc/passwd\n"), []string{
			`demo/lesson.md:36: the command leaves the workspace with /etc/passwd. Use a path inside the workspace.`}},
		{"file from the network", block("sh {given}", "kubectl apply -k 'https://example.org/x'\n"), []string{
			`demo/lesson.md:36: the command reads https://example.org/x from the network. Copy the file into start/.`}},
		{"file without a space", block("sh {given}", "kubectl apply -fwbe.yaml\n"), []string{
			`demo/lesson.md:36: there is no file wbe.yaml in the workspace. Add start/wbe.yaml, or correct the name.`}},

		// files
		{"nothing makes the checks pass", map[string]string{"solution/change/web.yaml": "", "solution/change/commands.sh": ""}, []string{
			`demo/lesson.md:33: step "change" has checks, and nothing that makes them pass. Add solution/change with the files or commands that make them pass, or an sh {run} block.`}},
		{"solution of a guided step", file("solution/create/web.yaml", manifest), []string{
			`demo/lesson.md:14: step "create" has run blocks and solution/create. Move the commands to solution/create/commands.sh, or remove the directory.`}},
		{"solution of no step", file("solution/chnage/web.yaml", manifest), []string{
			`demo/solution/chnage: there is no step "chnage". Did you mean change?`}},
		{"solution outside a step", file("solution/web.yaml", manifest), []string{
			`demo/solution/web.yaml: the file belongs to no step. Move it into the directory of a step.`}},
		{"manifest no YAML", file("start/web.yaml", "kind: Pod\n  spec: x\n"), []string{
			`demo/start/web.yaml:2: YAML: mapping values are not allowed in this context. Check the indentation and quote values that contain a colon.`}},
		{"too large", file("start/big.txt", strings.Repeat("x", maxFileSize+1)), []string{
			`demo/start/big.txt: it has 256 KiB. Make it smaller than 256 KiB.`}},
		{"not UTF-8", file("lesson.md", "---\n\xff\n"), []string{
			`demo/lesson.md: the file is not UTF-8. Save it as UTF-8.`}},
		{"line break of another kind", file("lesson.md", "---\nformat: 1\rtitle: x\n---\n"), []string{
			`demo/lesson.md:2: the line has a line break of an unusual kind. Use ordinary line breaks.`}},
		{"commands.sh not UTF-8", file("solution/change/commands.sh", "\xff"), []string{
			`demo/solution/change/commands.sh: the file is not UTF-8. Save it as UTF-8.`}},

		// cases
		{"case without case.yaml", file("wrong/nothing/case.yaml", ""), []string{
			`demo/wrong/nothing: the case has no case.yaml. Add case.yaml with summary: and fails:.`}},
		{"case with unknown check", file("wrong/nothing/case.yaml", "summary: x\nfails:\n  - check: Chnaged\n    message: x\n"), []string{
			`demo/wrong/nothing/case.yaml:3:12: no step has a check "Chnaged". Did you mean Changed?`}},
		{"case fails nothing", file("wrong/nothing/case.yaml", "summary: x\nfails: []\n"), []string{
			`demo/wrong/nothing/case.yaml:2:8: fails is not a list. Write - check: and message: for each check that must fail.`}},
		{"case without a message", file("wrong/nothing/case.yaml", "summary: x\nfails:\n  - check: Changed\n"), []string{
			`demo/wrong/nothing/case.yaml:3: the entry has no message. Add message:.`}},
		{"case changes nothing", map[string]string{"wrong/nothing/change/web.yaml": "", "wrong/nothing/create/commands.sh": ""}, []string{
			`demo/wrong/nothing: the case changes nothing. Add the directory of a step with the wrong files or commands.`}},
		{"case name", map[string]string{"wrong/No/case.yaml": "summary: x\nfails:\n  - check: Changed\n    message: x\n", "wrong/No/change/web.yaml": manifest}, []string{
			`demo/wrong/No: "No" is no name of a case. Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end.`}},
		{"case for no step", file("wrong/nothing/chnage/web.yaml", manifest), []string{
			`demo/wrong/nothing/chnage: there is no step "chnage". Did you mean change?`}},
		{"file of no case", file("wrong/web.yaml", manifest), []string{
			`demo/wrong/web.yaml: the file belongs to no case. Move it into the directory of a case.`}},
		{"file of a case of no step", file("wrong/nothing/web.yaml", manifest), []string{
			`demo/wrong/nothing/web.yaml: the file belongs to no step. Move it into the directory of a step.`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, change(tt.files), tt.want) })
	}
}

// change returns the good lesson with some files changed; empty ones are removed.
func change(changed map[string]string) fstest.MapFS {
	files := goodFiles()
	for name, data := range changed {
		files["demo/"+name] = &fstest.MapFile{Data: []byte(data)}
		if data == "" {
			delete(files, "demo/"+name)
		}
	}
	return files
}

func expect(t *testing.T, fsys fs.FS, want []string) {
	t.Helper()
	got := problemsOf(t, fsys)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// problemsOf returns the problems of the lesson demo and checks that errors, and
// only they, stop it.
func problemsOf(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	l, err := Parse(fsys, "demo")
	var invalid *InvalidError
	if err != nil && !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var found problems
	if invalid != nil {
		found = invalid.Problems
	} else {
		found = l.Warnings
	}
	if found.haveErrors() != (err != nil) {
		t.Errorf("error %v with problems %v", err, found)
	}
	var lines []string
	for _, p := range found {
		lines = append(lines, p.String())
	}
	return lines
}

// TestOrder lists all problems in the order of the file.
func TestOrder(t *testing.T) {
	files := change(map[string]string{"lesson.md": strings.NewReplacer("minutes: 5", "minutes: x", "Created 1", "created 1", "title: Some title", "title:").Replace(front + steps)})
	_, err := Parse(files, "demo")
	want := `lesson "demo" is not valid:
demo/lesson.md:3:7: title is not text. Write some text, in quotes if it contains a colon.
demo/lesson.md:5:10: minutes is "x". Write a whole number from 1 to 600.
demo/lesson.md:26: "created" is no name of a check. Write the name of an exported function of checks/checks.go.`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

// TestSymlink does not follow a symbolic link, wherever it leads.
func TestSymlink(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, goodFiles()); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"start/link.yaml", "solution/change/commands.sh"} {
		path := filepath.Join(dir, "demo", name)
		_ = os.Remove(path) // only one of them is there
		if err := os.Symlink(secret, path); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, os.DirFS(dir), []string{
		`demo/solution/change/commands.sh: it is a symbolic link, and a lesson has only regular files. Put the file itself there.`,
		`demo/start/link.yaml: it is a symbolic link, and a lesson has only regular files. Put the file itself there.`,
	})
}

// TestSymlinkedLesson refuses a lesson.md that is a link.
func TestSymlinkedLesson(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, goodFiles()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "demo", "lesson.md")
	if err := os.Rename(path, path+".real"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("lesson.md.real", path); err != nil {
		t.Fatal(err)
	}
	expect(t, os.DirFS(dir), []string{
		`demo/lesson.md: it is a symbolic link, and a lesson has only regular files. Put the file itself there.`,
	})
}

// TestTooManyFiles stops reading.
func TestTooManyFiles(t *testing.T) {
	files := goodFiles()
	for i := range maxFiles {
		files["demo/start/sub/"+strings.Repeat("x", i+1)] = &fstest.MapFile{Data: []byte("x")}
	}
	got := problemsOf(t, files)
	want := `demo: there are more than 500 files. Keep in the lesson only what it needs.`
	if !slices.Contains(got, want) {
		t.Errorf("got %v, want %s among them", got, want)
	}
}
