// Package browser holds netgen's pages against a browser: what a reader does with
// the keyboard and the pointer works, nothing is said on the console, and no
// request leaves.
package browser
