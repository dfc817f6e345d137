package image

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// enter runs a program in a file system as it would run in a pod: as the root
// directory, mounted read-only, for a user that nobody knows, with the
// environment of the image and nothing else. It has its own mounts, so that
// nothing is left of them.
const enter = `set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
root=$1; shift
exec env -i PATH="$IMAGE_PATH" "$CHROOT" --userspec=999:999 --groups= "$root" "$@"
`

// TestRun builds a topology with what is in the image.
func TestRun(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		lacking(t, "running what is in the image needs root, on Linux")
	}
	root := unpack(t, assemble(t))
	shop := filepath.Join(root, "repo", "shop")
	if err := os.CopyFS(shop, os.DirFS(filepath.Join(repository, "topologies", "shop"))); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(root, "repo", "broken")
	if err := os.CopyFS(broken, os.DirFS(shop)); err != nil {
		t.Fatal(err)
	}
	mistake := "package shop\n\ntopology: services: frontend: connects: nowhere: {}\n"
	if err := os.WriteFile(filepath.Join(broken, "mistake.cue"), []byte(mistake), 0o644); err != nil {
		t.Fatal(err)
	}
	chroot, err := exec.LookPath("chroot")
	if err != nil {
		lacking(t, "chroot is not installed")
	}
	run := func(args ...string) (stdout, stderr string, code int) {
		t.Helper()
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", enter, "enter", root}, args...)...)
		cmd.Env = append(os.Environ(), "IMAGE_PATH="+strings.TrimPrefix(readRecipe(t).config.Env[0], "PATH="), "CHROOT="+chroot)
		var out, err bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &err
		_ = cmd.Run()
		return out.String(), err.String(), cmd.ProcessState.ExitCode()
	}
	if out, err := exec.Command("unshare", "--mount", "mount", "--bind", root, root).CombinedOutput(); err != nil {
		lacking(t, "nothing can be mounted here: %v\n%s", err, out)
	}

	want, err := exec.Command(program(t), "build", filepath.Join(repository, "topologies", "shop"), "--env", "prod", "-o", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run("netgen", "build", "/repo/shop", "--env", "prod", "-o", "-")
	if code != 0 || stdout != string(want) || stderr != "" {
		t.Errorf("exit code %d: %s\n%s", code, stderr, stdout)
	}
	stdout, stderr, code = run("netgen", "build", "/repo/broken", "--env", "prod", "-o", "-")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "repo/broken/mistake.cue:3:") {
		t.Errorf("a broken topology: exit code %d: %s\n%s", code, stderr, stdout)
	}
	stdout, stderr, code = run("netgen", "build", "/repo/shop", "-o", "/repo/out")
	if code != 2 || stdout != "" || !strings.Contains(stderr, "read-only file system") {
		t.Errorf("the root was not read-only: exit code %d: %s\n%s", code, stderr, stdout)
	}
	stdout, stderr, code = run("netgen", "push", "oci://localhost:5000/acme/policies", "/repo/shop", "--dry-run")
	if code != 0 || !strings.HasPrefix(stdout, "localhost:5000/acme/policies@sha256:") {
		t.Errorf("a push: exit code %d: %s\n%s", code, stderr, stdout)
	}
}
