package manifest

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/lessons"
)

// deployment is a good one; a test replaces a part of it.
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  strategy:
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: nginx
          image: nginx:1.25
          ports:
            - containerPort: 80
          resources:
            limits:
              memory: 64Mi
              cpu: 0.5
`

const job = `apiVersion: batch/v1
kind: Job
metadata:
  name: once
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "exit 0"]
`

func TestLint(t *testing.T) {
	for name, c := range map[string]struct {
		source, old, new string
		want             string // line: message | remedy; a part of both
	}{
		"a good one":                    {source: deployment},
		"a good Job":                    {source: job},
		"not a manifest":                {source: "a: 1\nb: [2]\n"},
		"empty":                         {source: "---\n# nothing\n"},
		"somebody's own":                {source: "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {any: thing}\n"},
		"an own kind with a known name": {source: "apiVersion: serving.example.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {any: thing}\n"},
		"text with tabs in it":          {source: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  script: |\n    if true; then\n    \techo\n    fi\n"},
		"an alias":                      {source: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {x: y}, annotations: *l}\n"},

		"a tab":                {deployment, "  replicas", "\treplicas", "6:1: the line is indented with a tab | spaces"},
		"a tab behind spaces":  {deployment, "      app: web\n  str", "    \tapp: web\n  str", "9:5: the line is indented with a tab | spaces"},
		"no space after colon": {deployment, "kind: Deployment", "kind:Deployment", "2:0: this is not valid YAML | a space behind the colon"},
		"indentation":          {deployment, "  replicas", "   replicas", "7:0: this is not valid YAML | indentation"},
		"a colon in a value":   {deployment, "name: nginx", "name: a: b", "20:0: this is not valid YAML | in quotes"},
		"an open quote":        {deployment, "name: web\nspec", "name: \"web\nspec", "not valid YAML | indentation"},

		"no kind":            {deployment, "kind: Deployment\n", "", "1:1: the object has no kind | kind: Deployment"},
		"no apiVersion":      {deployment, "apiVersion: apps/v1\n", "", "the object has no apiVersion | Write apiVersion: apps/v1."},
		"wrong apiVersion":   {deployment, "apps/v1", "v1", "1:13: there is no Deployment in apiVersion v1 | Write apiVersion: apps/v1."},
		"old apiVersion":     {job, "batch/v1", "batch/v2", "1:13: there is no Job in apiVersion batch/v2 | Write apiVersion: batch/v1."},
		"misspelt group":     {deployment, "apps/v1", "app/v1", "there is no Deployment in apiVersion app/v1 | apps/v1"},
		"nonsense version":   {deployment, "apps/v1", "a/b/c", "apiVersion \"a/b/c\" is none | apps/v1"},
		"misspelt kind":      {deployment, "kind: Deployment", "kind: Deploymnet", "2:7: there is no kind Deploymnet | Did you mean Deployment?"},
		"kind in lower case": {deployment, "kind: Deployment", "kind: deployment", "there is no kind deployment | Upper and lower case count."},
		"no name":            {deployment, "  name: web\nspec", "  labels: {}\nspec", "4:3: the object has no name | name:"},
		"no metadata":        {job, "metadata:\n  name: once\n", "", "the object has no metadata | metadata:"},

		"misspelt field":        {deployment, "replicas:", "replica:", "6:3: there is no field replica in spec of the Deployment | Did you mean replicas?"},
		"case of a field":       {deployment, "matchLabels:", "matchlabels:", "8:5: there is no field matchlabels | Write matchLabels: upper and lower case count."},
		"deep misspelt field":   {deployment, "image:", "imgae:", "21:11: there is no field imgae in spec.template.spec.containers | Did you mean image?"},
		"replicas in metadata":  {deployment, "name: web\nspec:\n  replicas: 3", "name: web\n  replicas: 3\nspec:", "5:3: there is no field replicas in metadata | belongs in spec: correct the indentation"},
		"image beside entries":  {job, "          image: busybox:1.36\n          command: [\"sh\", \"-c\", \"exit 0\"]\n", "      image: busybox:1.36\n", "there is no field image in spec.template.spec | belongs in spec.template.spec.containers: correct the indentation"},
		"containers too high":   {job, "    spec:\n      restartPolicy: Never\n      containers:\n        - name: main\n          image: busybox:1.36\n          command: [\"sh\", \"-c\", \"exit 0\"]\n", "    containers: []\n    spec: {restartPolicy: Never}\n", "there is no field containers in spec.template | belongs in spec.template.spec: correct the indentation"},
		"spec's at the margin":  {deployment, "  replicas: 3\n", "replicas: 3\n", ""},
		"a key twice":           {deployment, "  replicas: 3\n", "  replicas: 3\n  replicas: 4\n", "there twice"},
		"a field of nothing":    {job, "restartPolicy: Never\n", "restartPolicy: Never\n      zzzzzzzzzz: 1\n", "there is no field zzzzzzzzzz | The fields here are activeDeadlineSeconds"},
		"number in quotes":      {deployment, "replicas: 3", `replicas: "3"`, "6:13: replicas has to be a number, and \"3\" is text | without quotes"},
		"a word for a number":   {deployment, "replicas: 3", "replicas: three", "replicas has to be a whole number | Write a whole number"},
		"number for a text":     {deployment, "    metadata:\n      labels:\n        app: web", "    metadata:\n      labels:\n        app: web\n        version: 1", "18:18: version has to be text, and 1 is a number | Write it in quotes: \"1\"."},
		"yes for a bool":        {deployment, "  replicas: 3", "  replicas: 3\n  paused: on it", "paused has to be true or false"},
		"no dash":               {deployment, "        - name: nginx\n          image: nginx:1.25\n          ports:\n            - containerPort: 80\n          resources:", "        name: nginx\n        image: nginx:1.25\n        resources:", "containers is key: value lines, and has to be a list | dash"},
		"a dash too many":       {deployment, "    matchLabels:\n      app: web", "    matchLabels:\n      - app: web", "matchLabels is a list"},
		"a dash before fields":  {deployment, "  selector:\n    matchLabels:\n      app: web", "  selector:\n    - matchLabels:\n        app: web", "selector is a list, and has to be key: value lines | Remove the dash"},
		"a quantity":            {deployment, "64Mi", "64MB", "26:23: memory cannot be \"64MB\""},
		"a value for a mapping": {deployment, "  strategy:\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0", "  strategy: RollingUpdate", "strategy is \"RollingUpdate\", and has to be key: value lines"},

		"selector and label":     {deployment, "        app: web\n    spec", "        app: wbe\n    spec", "9:12: the selector wants app: web, and the template's label is app: wbe | the same"},
		"a label that is absent": {deployment, "        app: web\n    spec", "        run: web\n    spec", "9:7: the selector wants the label app: web, which the template does not have | Add app: web"},
		"no labels":              {deployment, "    metadata:\n      labels:\n        app: web\n", "", "7:3: the template has no labels, and the selector wants app: web | labels:"},
		"no selector":            {deployment, "  selector:\n    matchLabels:\n      app: web\n", "", "the Deployment has no selector | matchLabels"},
		"no spec in template":    {job, "    spec:\n      restartPolicy: Never\n      containers:\n        - name: main\n          image: busybox:1.36\n          command: [\"sh\", \"-c\", \"exit 0\"]\n", "    metadata: {}\n", "6:3: the template has no spec | containers"},
		"no restartPolicy":       {job, "      restartPolicy: Never\n", "", "the template of a Job has to say its restartPolicy | Never"},
		"wrong restartPolicy":    {job, "Never", "Always", "8:22: the restartPolicy of a Job cannot be Always | OnFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			source := c.source
			if c.old != "" {
				if !strings.Contains(source, c.old) {
					t.Fatalf("the source has no %q", c.old)
				}
				source = strings.Replace(source, c.old, c.new, 1)
			}
			found := Lint(map[string][]byte{"a.yaml": []byte(source)})
			if c.want == "" {
				if len(found) > 0 && c.old == "" {
					t.Errorf("found %s", told(found))
				}
				return
			}
			message, remedy, _ := strings.Cut(c.want, " | ")
			for _, line := range strings.Split(told(found), "\n") {
				if strings.Contains(line, message) && strings.Contains(line, remedy) {
					return
				}
			}
			t.Errorf("want %s\ngot %s", c.want, told(found))
		})
	}
}

func told(problems []Problem) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%d:%d: %s | %s", p.Line, p.Column, p.Message, p.Remedy))
	}
	return strings.Join(lines, "\n")
}

func TestProblemsAreInOrder(t *testing.T) {
	bad := strings.Replace(deployment, "replicas:", "replica:", 1)
	found := Lint(map[string][]byte{"b.yaml": []byte(bad + "---\n" + bad), "a.yml": []byte(bad), "notes.txt": []byte(bad)})
	if len(found) != 3 || found[0].File != "a.yml" || found[1].Line != 6 || found[2].Line != 6+strings.Count(bad, "\n")+1 {
		t.Errorf("got %+v", found)
	}
}

// What the lessons' own files say is right, except where a lesson is about what is wrong.
func TestLessonsHaveNoProblems(t *testing.T) {
	err := fs.WalkDir(lessons.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(name) != ".yaml" || !strings.Contains(name, "/start/") && !strings.Contains(name, "/solution/") {
			return err
		}
		source, err := fs.ReadFile(lessons.FS(), name)
		if err != nil {
			return err
		}
		for _, p := range Lint(map[string][]byte{name: source}) {
			if path.Base(name) != "other.yaml" {
				t.Errorf("%s:%d:%d: %s. %s", p.File, p.Line, p.Column, p.Message, p.Remedy)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An attack is read in no time, and does not end the process.
func FuzzLint(f *testing.F) {
	f.Add([]byte(deployment))
	f.Add([]byte(job))
	f.Add([]byte("a: &a [*a]\nkind: Pod\napiVersion: v1\n"))
	f.Add([]byte("kind: ConfigMap\napiVersion: v1\ndata: &a {b: &b {c: *a}}\n"))
	f.Fuzz(func(_ *testing.T, source []byte) {
		Lint(map[string][]byte{"a.yaml": source})
	})
}
