//go:build !race && unix

package guard_test

const raceDetector = false
