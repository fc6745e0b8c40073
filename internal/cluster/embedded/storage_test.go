package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/k8slab/k8slab/internal/cluster/embedded/storage"
)

func TestStorageClasses(t *testing.T) {
	_, client := sharedCluster(t)
	claim := createClaim(t, client, "unclassed", nil)
	if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != storage.Standard {
		t.Errorf("the default class is %v", claim.Spec.StorageClassName)
	}
	waitForEvent(t, client, "unclassed", "waiting for first consumer to be created before binding")
}

// The volume of the class standard is where its first Pod is, and keeps Pods there.
func TestVolumeOfOneNode(t *testing.T) {
	_, client := sharedCluster(t)
	createClaim(t, client, "pinned", nil)
	pod := runPod(t, client, "pinned-first", func(p *corev1.Pod) {
		usingClaim(p, "pinned", "echo one > /data/file; sleep 3600")
		p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "node-2"}
	})
	volume := volumeOf(t, client, "pinned")
	if got := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values; pod.Spec.NodeName != "node-2" || got[0] != "node-2" {
		t.Errorf("the Pod is on %s, its volume on %v", pod.Spec.NodeName, got)
	}
	for _, text := range []string{
		`External provisioner is provisioning volume for claim "default/pinned"`,
		"Successfully provisioned volume " + volume.Name,
	} {
		waitForEvent(t, client, "pinned", text)
	}
	create(t, client, newPod("pinned-elsewhere", func(p *corev1.Pod) {
		usingClaim(p, "pinned", "cat /data/file")
		p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "node-1"}
	}))
	waitForEvent(t, client, "pinned-elsewhere", "didn't match PersistentVolume's node affinity")
}

func TestVolumeOfAllNodes(t *testing.T) {
	_, client := sharedCluster(t)
	createClaim(t, client, "everywhere", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.StorageClassName = new(storage.Shared)
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	})
	if volume := volumeOf(t, client, "everywhere"); volume.Spec.NodeAffinity != nil {
		t.Errorf("the volume has the affinity %v", volume.Spec.NodeAffinity)
	}
	runPod(t, client, "everywhere-1", func(p *corev1.Pod) {
		usingClaim(p, "everywhere", "echo one > /data/file; sleep 3600")
		p.Spec.NodeName = "node-1"
	})
	create(t, client, newPod("everywhere-2", func(p *corev1.Pod) {
		usingClaim(p, "everywhere", "until cat /data/file; do sleep 0.1; done")
		p.Spec.NodeName = "node-2"
	}))
	waitForLog(t, client, "everywhere-2", "one\n")
}

func TestStatefulSetFindsItsData(t *testing.T) {
	_, client := sharedCluster(t)
	for _, class := range []string{storage.Standard, storage.Shared} {
		t.Run(class, func(t *testing.T) {
			name := "keeps-" + class
			createStatefulSet(t, client, name, class)
			first := readyPod(t, client, name+"-1", "")
			waitForLog(t, client, name+"-1", name+"-1\n")
			deletePod(t, client, name+"-1")
			second := readyPod(t, client, name+"-1", first.UID)
			waitForLog(t, client, name+"-1", strings.Repeat(name+"-1\n", 2))
			if class == storage.Standard && second.Spec.NodeName != first.Spec.NodeName {
				t.Errorf("the Pod was on %s and is on %s", first.Spec.NodeName, second.Spec.NodeName)
			}
		})
	}
}

func TestReclaimPolicies(t *testing.T) {
	_, client := sharedCluster(t)
	createClass(t, client, "retaining", corev1.PersistentVolumeReclaimRetain)
	for _, test := range []struct {
		class    string
		released bool // what is to become of the volume and its data
	}{{storage.Shared, false}, {"retaining", true}} {
		t.Run(test.class, func(t *testing.T) {
			name := "reclaimed-" + test.class
			volume := writtenVolume(t, client, name, test.class)
			deleteClaim(t, client, name)
			if !test.released {
				eventually(t, "the volume is gone", gone(client, volume))
				eventually(t, "its data is gone", func(context.Context) (bool, error) { return !exists(dirOf(volume)), nil })
				return
			}
			waitForPhase(t, client, volume, corev1.VolumeReleased)
			content, err := os.ReadFile(filepath.Join(dirOf(volume), "file"))
			if err != nil || string(content) != "written\n" {
				t.Errorf("the data is %q, %v", content, err)
			}
		})
	}
}

// What people do with a volume that was retained: make it available again.
func TestRetainedVolumeIsUsedAgain(t *testing.T) {
	_, client := sharedCluster(t)
	createClass(t, client, "again", corev1.PersistentVolumeReclaimRetain)
	volume := writtenVolume(t, client, "before", "again")
	deleteClaim(t, client, "before")
	waitForPhase(t, client, volume, corev1.VolumeReleased)
	patchVolume(t, client, volume, `{"spec":{"claimRef":null}}`)
	createClaim(t, client, "after", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.StorageClassName = new("again")
		c.Spec.VolumeName = volume
	})
	create(t, client, newPod("after", func(p *corev1.Pod) { usingClaim(p, "after", "cat /data/file; sleep 3600") }))
	waitForLog(t, client, "after", "written\n")
	deletePod(t, client, "after")
	deleteClaim(t, client, "after")
	if err := client.CoreV1().PersistentVolumes().Delete(t.Context(), volume, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the volume is gone", gone(client, volume))
	if !exists(dirOf(volume)) {
		t.Error("the data of a retained volume is gone")
	}
}

// The policy holds in whatever order the two are deleted, and when it was changed.
func TestVolumeIsDeletedBeforeItsClaim(t *testing.T) {
	_, client := sharedCluster(t)
	for _, policy := range []corev1.PersistentVolumeReclaimPolicy{corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain} {
		t.Run(string(policy), func(t *testing.T) {
			name := "early-" + strings.ToLower(string(policy))
			volume := writtenVolume(t, client, name, storage.Shared)
			patchVolume(t, client, volume, fmt.Sprintf(`{"spec":{"persistentVolumeReclaimPolicy":%q}}`, policy))
			if err := client.CoreV1().PersistentVolumes().Delete(t.Context(), volume, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			deleteClaim(t, client, name)
			eventually(t, "the volume is gone", gone(client, volume))
			if policy == corev1.PersistentVolumeReclaimDelete {
				eventually(t, "its data is gone", func(context.Context) (bool, error) { return !exists(dirOf(volume)), nil })
			} else if !exists(dirOf(volume)) {
				t.Error("the data of a retained volume is gone")
			}
		})
	}
}

func TestClaimsThatCannotBeMet(t *testing.T) {
	_, client := sharedCluster(t)
	for _, test := range []struct {
		name   string
		change func(*corev1.PersistentVolumeClaim)
		want   string
	}{
		{"block", func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeMode = new(corev1.PersistentVolumeBlock) },
			`Failed to provision volume with StorageClass "shared": k8slab.io/volumes does not support block volume provisioning`},
		{"selector", func(c *corev1.PersistentVolumeClaim) {
			c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}
		}, "claim.Spec.Selector is not supported"},
		{"clone", func(c *corev1.PersistentVolumeClaim) {
			c.Spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "PersistentVolumeClaim", Name: "other"}
		}, "makes empty volumes only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			createClaim(t, client, test.name, func(c *corev1.PersistentVolumeClaim) {
				c.Spec.StorageClassName = new(storage.Shared)
				test.change(c)
			})
			waitForEvent(t, client, test.name, test.want)
		})
	}
	t.Run("several nodes", func(t *testing.T) {
		createClaim(t, client, "wide", func(c *corev1.PersistentVolumeClaim) {
			c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
		})
		create(t, client, newPod("wide", func(p *corev1.Pod) { usingClaim(p, "wide", "sleep 3600") }))
		waitForEvent(t, client, "wide", `supports the access modes ReadWriteOnce and ReadWriteOncePod, not ReadWriteMany; those of the StorageClass "shared" support all`)
	})
}

func TestClaimCannotGrow(t *testing.T) {
	_, client := sharedCluster(t)
	createClaim(t, client, "small", func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new(storage.Shared) })
	volumeOf(t, client, "small")
	_, err := client.CoreV1().PersistentVolumeClaims("default").Patch(t.Context(), "small", types.MergePatchType,
		[]byte(`{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`), metav1.PatchOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "the storageclass that provisions the pvc must support resize") {
		t.Errorf("got %v", err)
	}
}

func TestPartsOfAVolume(t *testing.T) {
	_, client := sharedCluster(t)
	createClaim(t, client, "parts", nil)
	create(t, client, newPod("parts", func(p *corev1.Pod) {
		usingClaim(p, "parts", "echo part > /data/file; cat /whole/made/file; sleep 3600")
		c := &p.Spec.Containers[0]
		c.VolumeMounts[0].SubPath = "made"
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "data", MountPath: "/whole"})
	}))
	waitForLog(t, client, "parts", "part\n")
}

// What a volume may name, and what the host must not feel of it.
func TestVolumesThatNameTheHost(t *testing.T) {
	_, client := sharedCluster(t)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("of the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := writtenVolume(t, client, "linked", storage.Shared)
	runPod(t, client, "linker", func(p *corev1.Pod) {
		usingClaim(p, "linked", "ln -s "+outside+" /data/link; sleep 3600")
	})
	eventually(t, "the link is there", func(context.Context) (bool, error) { return exists(filepath.Join(dirOf(inside), "link")), nil })
	hostPath := func(path string, kind corev1.HostPathType) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}}
	}
	for _, test := range []struct {
		name    string
		source  corev1.PersistentVolumeSource
		subPath string
	}{
		{"file", hostPath(filepath.Join(outside, "file"), corev1.HostPathFile), ""},
		{"made-file", hostPath(filepath.Join(outside, "made"), corev1.HostPathFileOrCreate), ""},
		{"through-link", hostPath(filepath.Join(dirOf(inside), "link"), corev1.HostPathUnset), ""},
		{"made-through-link", hostPath(filepath.Join(dirOf(inside), "link", "made"), corev1.HostPathDirectoryOrCreate), ""},
		{"sub-path-through-link", hostPath(filepath.Join(dirOf(inside), "link"), corev1.HostPathUnset), "made"},
		{"sub-path-into-link", hostPath(dirOf(inside), corev1.HostPathUnset), "link/made"},
		{"all-volumes", hostPath(filepath.Dir(dirOf(inside)), corev1.HostPathDirectory), ""},
		{"local", corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: outside}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name := "host-" + test.name
			createVolume(t, client, name, test.source)
			create(t, client, newPod(name, func(p *corev1.Pod) {
				usingClaim(p, name, "cat /data/file; ls /data; sleep 3600")
				p.Spec.Containers[0].VolumeMounts[0].SubPath = test.subPath
			}))
			waitForRefusal(t, client, name)
		})
	}
	// The node has files of its own, and these are not the host's.
	for name, source := range map[string]corev1.PersistentVolumeSource{
		"etc":            hostPath("/etc", corev1.HostPathUnset),
		"made-directory": hostPath(filepath.Join(outside, "made"), corev1.HostPathDirectoryOrCreate),
		"all-of-it":      hostPath("/", corev1.HostPathDirectory),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			name := "host-" + name
			createVolume(t, client, name, source)
			create(t, client, newPod(name, func(p *corev1.Pod) {
				usingClaim(p, name, "ls /data/passwd /data/file /data/proc 2>/dev/null; echo looked; sleep 3600")
				p.Spec.Containers[0].VolumeMounts[0].SubPath = "made"
			}))
			waitForLog(t, client, name, "looked\n")
		})
	}
	t.Cleanup(func() {
		entries, err := os.ReadDir(outside)
		if err != nil || len(entries) != 1 {
			t.Errorf("the host's directory has %v, %v", entries, err)
		}
	})
}

// A volume that pretends to be ours does not take along what it names.
func TestReclaimingAVolumeOfOthers(t *testing.T) {
	_, client := sharedCluster(t)
	other := dirOf(writtenVolume(t, client, "other", storage.Shared))
	source := corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: other}}
	createVolume(t, client, "pretender", source)
	patchVolume(t, client, "pretender", `{"metadata":{"annotations":{"pv.kubernetes.io/provisioned-by":"k8slab.io/volumes"}},"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`)
	waitForPhase(t, client, "pretender", corev1.VolumeBound)
	deleteClaim(t, client, "pretender")
	waitForPhase(t, client, "pretender", corev1.VolumeReleased)
	// Another volume that is reclaimed later tells that this one was looked at.
	last := writtenVolume(t, client, "last", storage.Shared)
	deleteClaim(t, client, "last")
	eventually(t, "a volume is gone", gone(client, last))
	if !exists(filepath.Join(other, "file")) {
		t.Error("the data of another volume was removed")
	}
}

// dirOf returns the directory of a provisioned volume.
func dirOf(volume string) string {
	return filepath.Join(shared.dir, "lab", dataDir, "volumes", volume)
}

func createClass(t *testing.T, client *kubernetes.Clientset, name string, policy corev1.PersistentVolumeReclaimPolicy) {
	t.Helper()
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: storage.ProvisionerName, ReclaimPolicy: &policy}
	if _, err := client.StorageV1().StorageClasses().Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.StorageV1().StorageClasses().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

func createClaim(t *testing.T, client *kubernetes.Clientset, name string, change func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	t.Helper()
	claim := newClaim(name)
	if change != nil {
		change(claim)
	}
	claim, err := client.CoreV1().PersistentVolumeClaims("default").Create(t.Context(), claim, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().PersistentVolumeClaims("default").Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	return claim
}

func newClaim(name string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// usingClaim makes the Pod run a script with the claim's volume at /data.
func usingClaim(p *corev1.Pod, claim, script string) {
	p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
	c := &p.Spec.Containers[0]
	c.Command = []string{"sh", "-c", script}
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
}

// createVolume creates a volume by hand, and a claim of the same name that is bound to it.
func createVolume(t *testing.T, client *kubernetes.Clientset, name string, source corev1.PersistentVolumeSource) {
	t.Helper()
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			PersistentVolumeSource:        source,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpExists}},
			}}}},
		},
	}
	if _, err := client.CoreV1().PersistentVolumes().Create(t.Context(), volume, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().PersistentVolumes().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	createClaim(t, client, name, func(c *corev1.PersistentVolumeClaim) {
		c.Spec.StorageClassName = new("")
		c.Spec.VolumeName = name
	})
}

// writtenVolume claims a volume and returns its name when a Pod has written a file to it and is gone.
func writtenVolume(t *testing.T, client *kubernetes.Clientset, name, class string) string {
	t.Helper()
	createClaim(t, client, name, func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = &class })
	create(t, client, newPod(name, func(p *corev1.Pod) { usingClaim(p, name, "echo written > /data/file; cat /data/file; sleep 3600") }))
	waitForLog(t, client, name, "written\n")
	deletePod(t, client, name)
	return volumeOf(t, client, name).Name
}

func createStatefulSet(t *testing.T, client *kubernetes.Clientset, name, class string) {
	t.Helper()
	template := newPod("", func(p *corev1.Pod) {
		usingClaim(p, "", "hostname >> /data/file; cat /data/file; sleep 3600")
		p.Spec.Volumes = nil
	})
	labels := map[string]string{"app": name}
	claim := newClaim("data")
	claim.Spec.StorageClassName = &class
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template:             corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: template.Spec},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{*claim},
		},
	}
	if _, err := client.AppsV1().StatefulSets("default").Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.AppsV1().StatefulSets("default").Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

// readyPod waits for a Pod that another one makes, and that is not the one with the given UID.
func readyPod(t *testing.T, client *kubernetes.Clientset, name string, not types.UID) (pod *corev1.Pod) {
	t.Helper()
	eventually(t, "the Pod "+name+" is Ready", func(ctx context.Context) (bool, error) {
		var err error
		if pod, err = client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{}); err != nil || pod.UID == not {
			return false, ignoreNotFound(err)
		}
		return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}), nil
	})
	return pod
}

func deletePod(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	pod, err := client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.CoreV1().Pods("default").Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Pod "+name+" is gone", func(ctx context.Context) (bool, error) {
		now, err := client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err) || err == nil && now.UID != pod.UID, ignoreNotFound(err)
	})
}

func deleteClaim(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	if err := client.CoreV1().PersistentVolumeClaims("default").Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func patchVolume(t *testing.T, client *kubernetes.Clientset, name, patch string) {
	t.Helper()
	if _, err := client.CoreV1().PersistentVolumes().Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// volumeOf waits until a claim is bound, and returns its volume.
func volumeOf(t *testing.T, client *kubernetes.Clientset, claim string) *corev1.PersistentVolume {
	t.Helper()
	var volume *corev1.PersistentVolume
	eventually(t, "the claim "+claim+" is bound", func(ctx context.Context) (bool, error) {
		c, err := client.CoreV1().PersistentVolumeClaims("default").Get(ctx, claim, metav1.GetOptions{})
		if err != nil || c.Status.Phase != corev1.ClaimBound {
			return false, err
		}
		volume, err = client.CoreV1().PersistentVolumes().Get(ctx, c.Spec.VolumeName, metav1.GetOptions{})
		return true, err
	})
	return volume
}

func waitForPhase(t *testing.T, client *kubernetes.Clientset, volume string, phase corev1.PersistentVolumePhase) {
	t.Helper()
	eventually(t, fmt.Sprintf("the volume %s is %s", volume, phase), func(ctx context.Context) (bool, error) {
		v, err := client.CoreV1().PersistentVolumes().Get(ctx, volume, metav1.GetOptions{})
		return err == nil && v.Status.Phase == phase, err
	})
}

func gone(client *kubernetes.Clientset, volume string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().PersistentVolumes().Get(ctx, volume, metav1.GetOptions{})
		return apierrors.IsNotFound(err), ignoreNotFound(err)
	}
}

func waitForLog(t *testing.T, client *kubernetes.Clientset, pod, want string) {
	t.Helper()
	var log []byte
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s is %q", pod, log)
		}
	})
	eventually(t, "the log of "+pod, func(ctx context.Context) (bool, error) {
		log, _ = client.CoreV1().Pods("default").GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
		return string(log) == want, nil
	})
}

// waitForRefusal waits until the kubelet or the runtime has said that it will not
// make the Pod's container.
func waitForRefusal(t *testing.T, client *kubernetes.Clientset, pod string) {
	t.Helper()
	eventually(t, "the Pod "+pod+" is refused", func(ctx context.Context) (bool, error) {
		events, err := client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod + ",involvedObject.kind=Pod"})
		if err != nil {
			return false, err
		}
		for _, e := range events.Items {
			if e.Reason == "Created" || e.Reason == "Started" {
				return false, fmt.Errorf("%s", e.Message)
			}
			if e.Type == corev1.EventTypeWarning && (e.Reason == "Failed" || e.Reason == "FailedMount") {
				t.Log(e.Message)
				return true, nil
			}
		}
		return false, nil
	})
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
