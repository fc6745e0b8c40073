package restrict

import (
	"slices"
	"strings"
)

// verb is what is allowed of a command of kubectl.
type verb struct {
	flags   []string
	changes bool // objects that its first arguments name
	cluster bool // it is for objects of no namespace
}

// everywhere are flags that every command may have.
var everywhere = []string{"namespace", "request-timeout", "help"}

// Groups of flags, as several commands have them.
const (
	files    = "filename recursive kustomize "
	selects  = "selector field-selector all "
	prints   = "output template show-managed-fields allow-missing-template-keys "
	writes   = "dry-run field-manager "
	creates  = prints + writes + "validate "
	objects  = files + selects + prints + writes + "overwrite resource-version list "
	rollouts = "filename recursive kustomize selector " + prints
)

func reads(flags string) verb { return verb{flags: strings.Fields(flags)} }

func changes(flags string) verb { return verb{flags: strings.Fields(flags), changes: true} }

func clusterWide(flags string) verb {
	return verb{flags: strings.Fields(flags), changes: true, cluster: true}
}

// verbs are the commands that are allowed, with their flags. Left out are those
// that run programs of this machine (edit, diff, plugins, config with its exec
// credentials), open ports (proxy, port-forward), copy files (cp), wait for a
// person (attach, debug), and flags that reach around the rest: --raw, --overrides,
// --prune, and all of those with which kubectl talks to another cluster or as
// somebody else.
var verbs = map[string]verb{
	"annotate":                   changes(objects),
	"api-resources":              reads("api-group namespaced no-headers output sort-by verbs categories cached show-managed-fields"),
	"api-versions":               reads(""),
	"apply":                      changes(objects + "server-side force-conflicts force cascade grace-period timeout wait validate subresource"),
	"apply view-last-applied":    reads(files + "all selector output"),
	"auth can-i":                 reads("list no-headers quiet subresource"),
	"auth whoami":                reads(prints),
	"autoscale":                  changes(files + prints + writes + "min max cpu cpu-percent memory name save-config"),
	"cordon":                     clusterWide("dry-run selector"),
	"create":                     changes(files + creates + "selector save-config"),
	"create clusterrole":         clusterWide(creates + "verb resource resource-name non-resource-url aggregation-rule"),
	"create clusterrolebinding":  clusterWide(creates + "clusterrole group serviceaccount user"),
	"create configmap":           changes(creates + "append-hash from-env-file from-file from-literal"),
	"create cronjob":             changes(creates + "image restart schedule"),
	"create deployment":          changes(creates + "image port replicas"),
	"create ingress":             changes(creates + "annotation class default-backend rule"),
	"create job":                 changes(creates + "from image"),
	"create namespace":           clusterWide(creates),
	"create poddisruptionbudget": changes(creates + "max-unavailable min-available selector"),
	"create priorityclass":       clusterWide(creates + "description global-default preemption-policy value"),
	"create quota":               changes(creates + "hard scopes"),
	"create role":                changes(creates + "resource resource-name verb"),
	"create rolebinding":         changes(creates + "clusterrole role group serviceaccount user"),
	"create secret generic":      changes(creates + "append-hash from-env-file from-file from-literal type"),
	"create secret tls":          changes(creates + "append-hash cert key"),
	"create service clusterip":   changes(creates + "clusterip tcp"),
	"create service nodeport":    changes(creates + "node-port tcp"),
	"create serviceaccount":      changes(creates),
	"delete":                     changes(files + selects + "cascade dry-run force grace-period ignore-not-found now output timeout wait"),
	"describe":                   reads(files + "selector show-events chunk-size all-namespaces"),
	"drain":                      clusterWide("delete-emptydir-data disable-eviction dry-run force grace-period ignore-daemonsets pod-selector selector timeout chunk-size skip-wait-for-delete-timeout"),
	"events":                     reads(prints + "for no-headers types all-namespaces chunk-size watch"),
	"exec":                       changes("container stdin quiet pod-running-timeout"),
	"explain":                    reads("api-version output recursive"),
	"expose":                     changes(files + prints + writes + "name port target-port protocol type selector labels cluster-ip session-affinity save-config"),
	"get":                        reads(objects + "all-namespaces chunk-size ignore-not-found label-columns no-headers output-watch-events server-print show-kind show-labels sort-by subresource watch watch-only"),
	"kustomize":                  reads(""),
	"label":                      changes(objects + "local"),
	"logs":                       reads("all-containers all-pods container follow ignore-errors limit-bytes max-log-requests pod-running-timeout prefix previous selector since since-time tail timestamps"),
	"patch":                      changes(files + prints + writes + "local patch patch-file subresource type"),
	"replace":                    changes(files + creates + "cascade force grace-period save-config subresource timeout wait"),
	"rollout history":            reads(rollouts + "revision"),
	"rollout pause":              changes(rollouts + "field-manager"),
	"rollout restart":            changes(rollouts + "field-manager"),
	"rollout resume":             changes(rollouts + "field-manager"),
	"rollout status":             reads(rollouts + "revision timeout watch"),
	"rollout undo":               changes(rollouts + "dry-run to-revision"),
	"run":                        changes(prints + writes + "annotations command env expose force grace-period image image-pull-policy labels pod-running-timeout port quiet restart rm stdin attach timeout wait save-config"),
	"scale":                      changes(files + prints + "all selector dry-run current-replicas replicas resource-version timeout"),
	"set env":                    changes(files + prints + writes + "all selector containers env from keys list local overwrite prefix resolve"),
	"set image":                  changes(files + prints + writes + "all selector local"),
	"set resources":              changes(files + prints + writes + "all selector containers limits requests local"),
	"set selector":               changes("filename recursive all local resource-version " + prints + writes),
	"set serviceaccount":         changes(files + prints + writes + "all local"),
	"taint":                      clusterWide(prints + writes + "all overwrite selector validate"),
	"top node":                   reads("no-headers selector show-capacity sort-by"),
	"top pod":                    reads("containers field-selector no-headers selector sort-by sum all-namespaces"),
	"uncordon":                   clusterWide("dry-run selector"),
	"version":                    reads("client output"),
	"wait":                       reads(selects + "filename recursive for local timeout all-namespaces " + prints),
}

// outputs are the formats that read no file.
var outputs = []string{
	"", "json", "yaml", "kyaml", "name", "wide", "jsonpath", "jsonpath-as-json", "custom-columns", "go-template", "template",
	"plaintext", "plaintext-openapiv2",
}

// fileFlags are the flags whose values are files.
var fileFlags = []string{"filename", "kustomize", "from-file", "from-env-file", "patch-file", "cert"}

// isFileFlag reports that a flag's value is a file. The key of "create secret tls"
// is one, and those of "set env" are not.
func isFileFlag(verb, flag string) bool {
	return slices.Contains(fileFlags, flag) || flag == "key" && verb == "create secret tls"
}

// clusterResources are resources of no namespace, by the names that people type.
var clusterResources = strings.Fields(`
	namespace namespaces ns node nodes no persistentvolume persistentvolumes pv
	clusterrole clusterroles clusterrolebinding clusterrolebindings
	customresourcedefinition customresourcedefinitions crd crds
	storageclass storageclasses sc priorityclass priorityclasses pc runtimeclass runtimeclasses
	ingressclass ingressclasses csidriver csidrivers csinode csinodes volumeattachment volumeattachments
	apiservice apiservices certificatesigningrequest certificatesigningrequests csr
	mutatingwebhookconfiguration mutatingwebhookconfigurations
	validatingwebhookconfiguration validatingwebhookconfigurations
	validatingadmissionpolicy validatingadmissionpolicies
	validatingadmissionpolicybinding validatingadmissionpolicybindings
	flowschema flowschemas prioritylevelconfiguration prioritylevelconfigurations`)

// namespacedKinds are what a manifest may hold where only one namespace may be
// touched.
var namespacedKinds = strings.Fields(`
	Pod PodTemplate ReplicationController ReplicaSet Deployment StatefulSet DaemonSet ControllerRevision
	Job CronJob HorizontalPodAutoscaler PodDisruptionBudget Service Endpoints EndpointSlice
	PersistentVolumeClaim ConfigMap Secret ServiceAccount Role RoleBinding
	Ingress NetworkPolicy LimitRange ResourceQuota Lease Event`)
