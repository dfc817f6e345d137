package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// Everything that a build changes on the disk is one of the steps here: between
// any two of them it may be killed.

// step takes a step, unless a test is against it.
func (o *outputDir) step(what, name string, take func() error) error {
	if o.before != nil {
		if err := o.before(what, name); err != nil {
			return err
		}
	}
	return take()
}

func (o *outputDir) mkdir(name string) error {
	return o.step("mkdir", name, func() error { return o.root.Mkdir(name, 0o755) })
}

func (o *outputDir) mkdirAll(name string) error {
	return o.step("mkdir", name, func() error { return o.root.MkdirAll(name, 0o755) })
}

func (o *outputDir) link(file, name string) error {
	return o.step("link", name, func() error { return o.root.Link(file, name) })
}

func (o *outputDir) rename(from, to string) error {
	return o.step("rename", to, func() error { return o.root.Rename(from, to) })
}

func (o *outputDir) remove(name string) error {
	return o.step("remove", name, func() error { return o.root.Remove(name) })
}

// create makes a file with the data.
func (o *outputDir) create(name string, data []byte) error {
	var f *os.File
	err := o.step("create", name, func() (err error) {
		f, err = o.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		return err
	})
	if err != nil {
		return err
	}
	err = o.step("write", name, func() error {
		_, err := f.Write(data)
		return err
	})
	if failure := f.Close(); err == nil {
		err = failure // some file systems write only now
	}
	return err
}

// syncDirs brings the names of all changed files to the disk.
func (o *outputDir) syncDirs(changes []change) error {
	if runtime.GOOS == "windows" {
		return nil // which has no call for that
	}
	dirs := map[string]bool{".": true}
	for _, c := range changes {
		for dir := path.Dir(c.path); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	return o.sync(slices.Sorted(maps.Keys(dirs)), os.O_RDONLY)
}

// sync brings the contents of files, or the names in directories, to the disk.
// One after the other each would wait for the disk: a few wait together, and for
// many there is one wait for all that is on the file system, where there is such
// a call. It is not for a few, since that is also for what others write there.
func (o *outputDir) sync(names []string, flag int) error {
	const few = 32
	return o.step("sync", stageDir, func() error {
		if canSyncAll && len(names) > few {
			return o.with(stageDir, os.O_RDONLY, syncFileSystem)
		}
		var all sync.WaitGroup
		turns := make(chan struct{}, few)
		failures := make([]error, len(names))
		for i, name := range names {
			turns <- struct{}{}
			all.Go(func() {
				failures[i] = o.with(name, flag, (*os.File).Sync)
				<-turns
			})
		}
		all.Wait()
		i := slices.IndexFunc(failures, func(err error) bool { return err != nil })
		if i < 0 {
			return nil
		}
		return failures[i]
	})
}

// with syncs one file, or all. A directory that is gone has no names to sync, and
// where a file system cannot sync there is nothing to wait for.
func (o *outputDir) with(name string, flag int, sync func(*os.File) error) error {
	f, err := o.root.OpenFile(name, flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing is written through it
	if err := sync(f); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
