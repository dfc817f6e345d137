// Package revision reads files of a git revision, and leaves the work tree, the
// index and everything else of the repository alone.
//
// It asks git itself, by its plumbing alone: whatever repository git can read,
// a shallow or partial clone, a linked work tree or one with alternates, is then
// read as the user's own git reads it. Nothing is fetched: what is not there is
// an error that says how to get it.
package revision

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Limits of what is read of a revision.
const (
	maxFiles = 50_000
	maxBytes = 256 << 20

	maxOutput    = maxBytes // of git, which prints all files in one
	maxComplaint = 1 << 20
)

// Repository is the git repository around a directory.
type Repository struct {
	dir    string
	Prefix string // of the directory below the top of the work tree, slash-separated
}

// Open finds the repository around a directory.
func Open(ctx context.Context, dir string) (*Repository, error) {
	r := &Repository{dir: dir}
	out, err := r.git(ctx, nil, "rev-parse", "--show-prefix")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("there is no git here: install it, or compare two directories")
	case err != nil:
		return nil, fmt.Errorf("not in a git repository: %w", err)
	}
	r.Prefix = strings.TrimSuffix(strings.TrimSuffix(string(out), "\n"), "/")
	return r, nil
}

// Commit returns the commit that a revision names: a branch, a tag, a commit, or
// REV... for where the branch of the work tree left REV, as git diff has it.
func (r *Repository) Commit(ctx context.Context, name string) (string, error) {
	rev, forked := strings.CutSuffix(name, "...")
	if err := r.unambiguous(ctx, rev); err != nil {
		return "", err
	}
	out, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return "", r.absent(ctx, rev)
	}
	commit := strings.TrimSpace(string(out))
	if strings.HasPrefix(commit, "^") { // of ^REV: all that is not in REV
		return "", r.absent(ctx, rev)
	}
	if !forked {
		return commit, nil
	}
	out, err = r.git(ctx, nil, "merge-base", commit, "HEAD")
	if err != nil {
		return "", fmt.Errorf("%s and HEAD have no commit in common here%s", rev, r.shallow(ctx))
	}
	return strings.TrimSpace(string(out)), nil
}

func (r *Repository) absent(ctx context.Context, rev string) error {
	return fmt.Errorf("there is no revision %q here%s", rev, r.shallow(ctx))
}

// shallow says what a shallow clone lacks, and how to get it.
func (r *Repository) shallow(ctx context.Context) string {
	out, err := r.git(ctx, nil, "rev-parse", "--is-shallow-repository")
	if err != nil || strings.TrimSpace(string(out)) != "true" {
		return ""
	}
	return ": this is a shallow clone, which has but its own commits; fetch the revision first, as in git fetch --depth=1 origin main, or clone with more depth"
}

// Extract writes the files of a commit that are wanted below a directory, by
// their slash-separated names relative to the top of the repository, which it
// returns sorted. Links become links again, for whoever reads them to refuse.
func (r *Repository) Extract(ctx context.Context, commit, dir string, wanted func(name string) bool) ([]string, error) {
	list, err := r.git(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var files []file
	var ids bytes.Buffer
	for line := range bytes.SplitSeq(list, []byte{0}) {
		meta, name, _ := strings.Cut(string(line), "\t")
		// MODE TYPE OBJECT; a submodule is a commit, and not here.
		if fields := strings.Fields(meta); len(fields) == 3 && fields[1] == "blob" && wanted(name) {
			files = append(files, file{name: name, link: fields[0] == "120000"})
			ids.WriteString(fields[2] + "\n")
		}
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("the revision has more than %d files to read", maxFiles)
	}
	if len(files) == 0 {
		return nil, nil
	}
	blobs, err := r.git(ctx, &ids, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // every file in it has been closed
	in := bufio.NewReader(bytes.NewReader(blobs))
	var names []string
	for _, f := range files {
		data, err := blob(in)
		if err == nil {
			err = f.write(root, data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		names = append(names, f.name)
	}
	return names, nil
}

// blob reads the next object that git cat-file --batch prints: a line of its
// name, type and size, the contents, and a line feed.
func blob(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		// A partial clone lacks contents that nobody asked for yet.
		return nil, errors.New("its contents are not in this clone: fetch the revision first")
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size > maxBytes {
		return nil, fmt.Errorf("has more than %d MiB", maxBytes>>20)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, err
	}
	_, err = in.Discard(1)
	return data, err
}

// file is a file of a tree.
type file struct {
	name string
	link bool
}

func (f file) write(root *os.Root, data []byte) error {
	name := filepath.FromSlash(f.name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if f.link {
		return root.Symlink(string(data), name)
	}
	return root.WriteFile(name, data, 0o644)
}

// git runs git and returns what it prints. What goes wrong is told in git's own
// words.
func (r *Repository) git(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	// A bare repository that lies in the work tree is somebody's files, not the
	// repository; replaced objects are not what was committed; and whatever would
	// be fetched may run what the configuration says.
	args = append([]string{"--no-replace-objects", "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never"}, args...)
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.dir
	cmd.Stdin = in
	// Nothing may be asked of a person, or of a remote.
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	out, stderr := bounded{left: maxOutput}, bounded{left: maxComplaint}
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		if out.left < 0 {
			return nil, fmt.Errorf("git has more than the %d MiB that are read of a revision", maxOutput>>20)
		}
		if text := strings.TrimSpace(stderr.kept.String()); text != "" {
			for line := range strings.Lines(text) {
				if reason, ok := strings.CutPrefix(strings.TrimSpace(line), "fatal: "); ok {
					return nil, errors.New(reason)
				}
			}
			first, _, _ := strings.Cut(text, "\n")
			return nil, errors.New(first)
		}
		return nil, err
	}
	return out.kept.Bytes(), nil
}

// bounded keeps what is written to it, up to a number of bytes. More is an error,
// which ends who writes.
type bounded struct {
	kept bytes.Buffer // not embedded: it would be read into, past Write
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("too much")
	}
	return b.kept.Write(p)
}
