// Package hostile holds the program against repositories that were made to harm
// whoever builds them: that read what is not theirs, never end, reach a network, or
// write where they should not. It runs the program as it is built, as a process, and
// knows nothing of what is inside it.
//
// Each case is a repository, a command, and the answer: an exit code, and what is
// said of which file. Beside that, everything holds of every case that main_test.go
// says: time and memory within bounds, no byte of a file outside the repository and
// of the environment in anything that is printed or written, no connection, no other
// program.
package hostile
