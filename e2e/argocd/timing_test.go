package argocd

import (
	"cmp"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestTimes measures the plug-in, from its start to its last byte, beside a build
// of the rendered overlay by Kustomize, which is what Argo CD does without it. The
// numbers are in the log; the test fails only where both do not say the same.
func TestTimes(t *testing.T) {
	const runs = 3
	t.Logf("median of %d runs; plug-in: from exec to the last byte, proof included; server: with archive, gRPC and splitting; Kustomize: in process", runs)
	for _, n := range []int{10, 100, 1000} {
		if n > 100 && testing.Short() {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			repo := repository(t, map[string]string{"apps/big/big.cue": large(n)})
			app, out := filepath.Join(repo, "apps/big"), t.TempDir()
			command(t, "build", app, "-o", out)
			var plugin, server, kustomize []time.Duration
			for range runs {
				start := time.Now()
				stream := execute(t, app)
				plugin = append(plugin, time.Since(start))

				start = time.Now()
				if _, err := generate(t.Context(), call{repository: repo, path: "apps/big"}); err != nil {
					t.Fatal(err)
				}
				server = append(server, time.Since(start))

				start = time.Now()
				m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(out, "big/overlays/default"))
				if err != nil {
					t.Fatal(err)
				}
				data, err := m.AsYaml()
				if err != nil {
					t.Fatal(err)
				}
				kustomize = append(kustomize, time.Since(start))

				same(t, sorted(t, stream), sorted(t, data))
			}
			t.Logf("%4d services: plug-in %v, server %v, Kustomize %v", n, median(plugin), median(server), median(kustomize))
		})
	}
}

// execute runs the command of plugin.yaml as the server does, but for the server.
func execute(t *testing.T, dir string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), netgen, "plugin", "generate")
	cmd.Dir, cmd.Env = dir, []string{"ARGOCD_APP_PARAMETERS=null"}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(pipe)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return data
}

// sorted returns the objects of a stream by namespace and name. Kustomize has an
// order of its own.
func sorted(t *testing.T, stream []byte) []*unstructured.Unstructured {
	t.Helper()
	objects, err := kube.SplitYAML(stream)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return objects
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2].Round(time.Millisecond)
}
