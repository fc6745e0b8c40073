package restrict

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/k8slab/k8slab/internal/runner"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"

// submission is a directory with these files.
func submission(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"web.yaml":                    pod,
		"own.yaml":                    pod + "  namespace: lab\n",
		"other.yaml":                  "kind: ConfigMap\nmetadata: {name: a}\n---\n" + pod + "  namespace: kube-system\n",
		"list.yaml":                   "kind: Whatever\nitems:\n- kind: Pod\n  metadata: {name: web, namespace: kube-system}\n",
		"role.yaml":                   "kind: ClusterRole\nmetadata: {name: admin}\n",
		"capital/kustomization.yaml":  "patches: [{Path: 'https://example.org/p.yaml'}]\n",
		"capitals/kustomization.yaml": "RESOURCES: ['https://example.org/p.yaml']\n",
		"twice/kustomization.yaml":    "resources: ['https://example.org/p.yaml']\nresources: []\n",
		"broken.yaml":                 "kind: [\n",
		"after.yaml":                  "- no object\n---\nnull\n---\n" + pod + "  namespace: kube-system\n",
		"utf16.yaml":                  "\xff\xfek\x00i\x00n\x00d\x00:\x00 \x00P\x00o\x00d\x00",
		"more/other.json":             `{"kind": "Secret", "metadata": {"name": "s", "namespace": "kube-system"}}`,
		"plain/a.yaml":                pod,
		"ok/kustomization.yaml":       "resources: [../plain/a.yaml, ../base]\nnamePrefix: x-\nconfigMapGenerator: [{name: c, files: [k=app.conf], literals: [url=https://example.org]}]\n",
		"ok/app.conf":                 "x",
		"base/kustomization.yml":      "resources: [pod.yaml]\npatches: [{path: patch.yaml}, {patch: 'kind: Pod'}]\n",
		"base/pod.yaml":               pod,
		"base/patch.yaml":             pod,
		"git/kustomization.yaml":      "resources: [github.com/somebody/something]\n",
		"http/kustomization.yaml":     "resources: ['https://example.org/x.yaml']\n",
		"deep/kustomization.yaml":     "resources: [../git]\n",
		"up/kustomization.yaml":       "resources: [../../etc]\n",
		"abs/kustomization.yaml":      "configMapGenerator: [{name: c, files: [/etc/shadow]}]\n",
		"env/kustomization.yaml":      "secretGenerator: [{name: c, envs: [../../secret.env]}]\n",
		"patch/kustomization.yaml":    "patches: [{path: 'https://example.org/p.yaml'}]\n",
		"ns/kustomization.yaml":       "namespace: kube-system\n",
		"nsobject/kustomization.yaml": "resources: [../other.yaml]\n",
		"helm/kustomization.yaml":     "helmCharts: [{name: x, repo: 'https://example.org'}]\n",
		"plugin/kustomization.yaml":   "generators: [exec.yaml]\n",
		"openapi/kustomization.yaml":  "openapi: {path: 'https://example.org'}\n",
		"endless/kustomization.yaml":  "resources: [../endless]\n",
		"nowhere/kustomization.yaml":  "resources: [missing.yaml]\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func check(root, dir, line, stdin string, rules runner.Rules) (string, string) {
	rules.Root = root
	input, refusal := Check(Params{
		Command: Kubectl(genericiooptions.NewTestIOStreamsDiscard()), Args: strings.Fields(line), Stdin: strings.NewReader(stdin),
		Dir: filepath.Join(root, dir), Rules: rules,
	})
	if refusal == nil {
		return "", string(input)
	}
	return refusal.Reason + ". " + refusal.Remedy, string(input)
}

func TestAllowed(t *testing.T) {
	root := submission(t)
	for _, line := range []string{
		"apply -f web.yaml", "apply -f=web.yaml --server-side", "-n lab apply -f own.yaml", "apply --namespace=lab -f web.yaml",
		"apply -f plain", "apply -f plain/*.yaml", "apply -f web.yaml,own.yaml", "apply -f missing.yaml", "apply -f broken.yaml",
		"apply -k ok", "kustomize ok",
		"wait --for=jsonpath={.status.readyReplicas}=3 rs/web --timeout=60s",
		"get pods -l app=web -o custom-columns=NAME:.metadata.name", "get rs web -o wide", "get nodes", "get events --field-selector involvedObject.name=web",
		"delete pod web --now", "label pod web app=debug --overwrite", "annotate rs web node=a", "scale rs web --replicas=3",
		"rollout status deploy/web --timeout=60s", "rollout undo deploy web --to-revision=1", "set image deploy/web nginx=nginx:1.26",
		"patch sts db --type=merge -p {\"spec\":{}}", "patch rs web --patch-file web.yaml", "exec web -- cp /etc/shadow /tmp --kubeconfig x",
		"run web --image=nginx:1.25", "create deployment web --image=nginx:1.25", "create configmap c --from-file=k=web.yaml --from-literal=a=https://example.org",
		"create job once --from=cronjob/every", "logs web -f", "explain pod.spec", "auth can-i delete pods", "get --help", "get --no-such-flag",
		"version --client",
	} {
		if refused, _ := check(root, "", line, "", runner.Rules{Namespace: "lab"}); refused != "" {
			t.Errorf("kubectl %s: %s", line, refused)
		}
	}
}

func TestRefused(t *testing.T) {
	root := submission(t)
	for _, test := range []struct{ dir, line, want string }{
		// files
		{"", "apply -f /etc/shadow", "/etc/shadow is not in the workspace. Put the file beside the others"},
		{"", "apply -f ../web.yaml", "../web.yaml is not in the workspace"},
		{"", "apply -f plain/../../web.yaml", "is not in the workspace"},
		{"plain", "apply -f ../../web.yaml", "is not in the workspace"},
		{"", "apply -f */../../web.yaml", "is not in the workspace"},
		{"", "apply -f web.yaml -f /etc/passwd", "/etc/passwd is not in the workspace"},
		{"", "apply -f web.yaml,/etc/passwd", "/etc/passwd is not in the workspace"},
		{"", "get -f /etc/shadow", "is not in the workspace"},
		{"", "create configmap c --from-file=/etc/shadow", "is not in the workspace"},
		{"", "create configmap c --from-file=k=/etc/shadow", "is not in the workspace"},
		{"", "create configmap c --from-env-file=/etc/environment", "is not in the workspace"},
		{"", "create secret generic c --from-file=../x", "is not in the workspace"},
		{"", "create secret tls c --cert=web.yaml --key=/etc/ssl/key", "is not in the workspace"},
		{"", "patch rs web --patch-file=/etc/shadow", "is not in the workspace"},
		{"", "get pods -o jsonpath-file=/etc/shadow", `the output format "jsonpath-file" is not for lessons`},
		{"", "get pods -o custom-columns-file=/etc/shadow", `the output format "custom-columns-file" is not for lessons`},
		{"", "get pods -o go-template-file --template=/etc/shadow", `the output format "go-template-file"`},
		// the network
		{"", "apply -f https://example.org/x.yaml", "https://example.org/x.yaml is read from the network. Put the file beside"},
		{"", "apply -k https://github.com/somebody/something", "is read from the network"},
		{"", "apply -k github.com/somebody/something?ref=v1", "is read from the network"},
		{"", "apply -k git@github.com:somebody/something", "is read from the network"},
		{"", "kustomize https://github.com/somebody/something", "is read from the network"},
		{"", "apply -k git", "git/kustomization.yaml: there is no github.com/somebody/something"},
		{"", "apply -k deep", "git/kustomization.yaml: there is no github.com/somebody/something"},
		{"", "apply -k http", "https://example.org/x.yaml is read from the network"},
		{"", "apply -k patch", "https://example.org/p.yaml is read from the network"},
		{"", "apply -k capital", "https://example.org/p.yaml is read from the network"},
		{"", "apply -k capitals", `the key "RESOURCES" is not for lessons`},
		{"", "apply -k twice", `key "resources" already set`},
		{"", "apply -k openapi", `the key "openapi" is not for lessons`},
		// kustomizations
		{"", "apply -k /etc", "/etc is not in the workspace"},
		{"", "apply -k up", "../../etc is not in the workspace"},
		{"", "apply -k abs", "/etc/shadow is not in the workspace"},
		{"", "apply -k env", "../../secret.env is not in the workspace"},
		{"", "apply -k ns", `namespace "kube-system" is not that of the lesson`},
		{"", "apply -k nsobject", `Pod web in other.yaml is in namespace "kube-system"`},
		{"", "apply -k helm", `the key "helmCharts" is not for lessons`},
		{"", "apply -k plugin", `the key "generators" is not for lessons`},
		{"", "apply -k endless", "more than 10 kustomizations"},
		{"", "apply -k nowhere", "there is no missing.yaml"},
		{"", "kustomize ok --enable-helm", "the flag --enable-helm"},
		{"", "kustomize ok --enable-alpha-plugins", "the flag --enable-alpha-plugins"},
		{"", "kustomize ok --load-restrictor=LoadRestrictionsNone", "the flag --load-restrictor"},
		// programs, ports, people
		{"", "krew install x", `"krew" is no command of kubectl, and plugins are not for lessons. Use one of: annotate, api-resources`},
		{"", "plugin list", "kubectl plugin list is not for lessons"},
		{"", "cp web:/etc/passwd x", "kubectl cp is not for lessons"},
		{"", "proxy", "kubectl proxy is not for lessons"},
		{"", "port-forward web 80", "kubectl port-forward is not for lessons"},
		{"", "edit rs web", "kubectl edit is not for lessons"},
		{"", "create -f web.yaml --edit", "the flag --edit"},
		{"", "apply edit-last-applied rs web", "kubectl apply edit-last-applied is not for lessons"},
		{"", "diff -f web.yaml", "kubectl diff is not for lessons"},
		{"", "debug web", "kubectl debug is not for lessons"},
		{"", "attach web", "kubectl attach is not for lessons"},
		{"", "run web --image=nginx --overrides={}", "the flag --overrides"},
		{"", "get --raw /api/v1/secrets", "the flag --raw"},
		{"", "apply --prune --all -f web.yaml", "the flag --prune"},
		{"", "", "kubectl has nothing to do"},
		// another cluster, somebody else
		{"", "--kubeconfig x get pods", "the flag --kubeconfig of kubectl get is not for lessons. Leave it out."},
		{"", "get pods --kubeconfig=x", "the flag --kubeconfig"},
		{"", "get pods --server=https://example.org", "the flag --server"},
		{"", "get pods -s https://example.org", "the flag --server"},
		{"", "get pods --context=x", "the flag --context"},
		{"", "get pods --cluster x", "the flag --cluster"},
		{"", "get pods --user x", "the flag --user"},
		{"", "get pods --as system:admin", "the flag --as"},
		{"", "get pods --as-group=system:masters", "the flag --as-group"},
		{"", "get pods --token=x", "the flag --token"},
		{"", "get pods --client-key=x", "the flag --client-key"},
		{"", "get pods --certificate-authority=x", "the flag --certificate-authority"},
		{"", "get pods --insecure-skip-tls-verify", "the flag --insecure-skip-tls-verify"},
		{"", "get pods --cache-dir=/tmp/x", "the flag --cache-dir"},
		{"", "get pods --profile=cpu --profile-output=/tmp/x", "the flag --profile"},
		{"", "config set-credentials x --exec-command=sh", "kubectl config set-credentials is not for lessons"},
		{"", "config view --raw", "kubectl config view is not for lessons"},
		{"", "kuberc set", "kubectl kuberc set is not for lessons"},
		// other namespaces
		{"", "get pods -n kube-system", `namespace "kube-system" is not that of the lesson, which is "lab". Leave out -n`},
		{"", "-n kube-system get pods", `namespace "kube-system"`},
		{"", "get secrets -A", "-A looks at other namespaces"},
		{"", "apply -f other.yaml", `Pod web in other.yaml is in namespace "kube-system", and the lesson is in "lab". Leave out metadata.namespace.`},
		{"", "apply -f list.yaml", `Pod web in list.yaml is in namespace "kube-system"`},
		{"", "apply -f web.yaml -f list.yaml", "list.yaml"},
		{"", "apply -f after.yaml", `Pod web in after.yaml is in namespace "kube-system"`},
		{"", "apply -f utf16.yaml", "utf16.yaml is not UTF-8. Save it as UTF-8."},
		{"", "apply -R -f more", `Secret s in more/other.json is in namespace "kube-system"`},
		{"plain", "apply -f ../other.yaml", `in other.yaml is in namespace "kube-system"`},
		// objects of no namespace
		{"", "apply -f role.yaml", "ClusterRole admin in role.yaml is not an object of the lesson's namespace"},
		{"", "create namespace x", "kubectl create namespace reaches beyond the namespace"},
		{"", "create clusterrolebinding x --clusterrole=admin --user=x", "reaches beyond the namespace"},
		{"", "cordon node-1", "kubectl cordon reaches beyond the namespace"},
		{"", "drain node-1", "kubectl drain reaches beyond the namespace"},
		{"", "delete ns lab", "ns is in no namespace, and kubectl delete would change it"},
		{"", "delete node/node-1", "node/node-1 is in no namespace"},
		{"", "delete pod/web node/node-1", "node/node-1 is in no namespace"},
		{"", "delete pods,nodes --all", "pods,nodes is in no namespace"},
		{"", "label nodes --all x=y", "nodes is in no namespace"},
		{"", "patch Node.v1. node-1 -p {}", "is in no namespace"},
	} {
		if got, _ := check(root, test.dir, test.line, "", runner.Rules{Namespace: "lab"}); !strings.HasPrefix(got, test.want) && (!strings.Contains(got, test.want) || got == "") {
			t.Errorf("kubectl %s: %q, want %q", test.line, got, test.want)
		}
	}
}

func TestStandardInput(t *testing.T) {
	root := submission(t)
	for _, test := range []struct{ line, stdin, refused string }{
		{"apply -f -", pod, ""},
		{"apply -f - -f web.yaml", pod, ""},
		{"apply -f -", pod + "  namespace: kube-system\n", "Pod web in the standard input is in namespace"},
		{"apply -f -", "kind: Node\nmetadata: {name: x}\n", "Node x in the standard input is not an object of the lesson's namespace"},
		{"apply -f -", strings.Repeat("#", maxInput+1), "the standard input has more than 1024 KiB"},
	} {
		got, input := check(root, "", test.line, test.stdin, runner.Rules{Namespace: "lab"})
		if !strings.Contains(got, test.refused) || test.refused == "" && (got != "" || input != test.stdin) {
			t.Errorf("%s: %q, %d bytes", test.line, got, len(input))
		}
	}
}

// A lesson that has a cluster to itself may touch all of it, and still neither
// other namespaces of the cluster nor the machine.
func TestClusterToItself(t *testing.T) {
	root := submission(t)
	for line, refused := range map[string]bool{
		"cordon node-1": false, "label nodes --all x=y": false, "apply -f role.yaml": false, "get pods -A": false, "create namespace x": false,
		"apply -f other.yaml": true, "get pods -n kube-system": true, "apply -f /etc/shadow": true, "cp a b": true,
	} {
		if got, _ := check(root, "", line, "", runner.Rules{Namespace: "lab", Cluster: true}); (got != "") != refused {
			t.Errorf("kubectl %s: %q", line, got)
		}
	}
}

// TestListsHaveWhatKubectlHas finds a name that kubectl has dropped, or that was
// misspelt.
func TestListsHaveWhatKubectlHas(t *testing.T) {
	root := Kubectl(genericiooptions.NewTestIOStreamsDiscard())
	root.InitDefaultHelpFlag()
	for name, v := range verbs {
		found, rest, err := root.Find(strings.Fields(name))
		if err != nil || len(rest) > 0 || strings.TrimPrefix(found.CommandPath(), "kubectl ") != name {
			t.Errorf("there is no kubectl %s", name)
			continue
		}
		for _, flag := range v.flags {
			if found.Flags().Lookup(flag) == nil && !shared(flag) {
				t.Errorf("kubectl %s has no flag --%s", name, flag)
			}
		}
	}
}

// shared reports a flag of a group that not every command with that group has.
func shared(flag string) bool {
	for _, group := range []string{files, selects, prints, writes, creates, objects, rollouts} {
		for _, f := range strings.Fields(group) {
			if f == flag {
				return true
			}
		}
	}
	return false
}
