package main

import (
	"crypto/x509"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// trustRoots has certificates verified with the roots of Mozilla that are in the
// program, where the system has none, as in the image. It has to be called before
// the first connection, and only there: to parse them takes milliseconds, which
// other commands have no use for. For that reason it is not an init, as that of the
// package above bundle.
var trustRoots = sync.OnceFunc(func() {
	roots := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			continue // one less that is trusted
		}
		if root.Constraint == nil {
			roots.AddCert(certificate)
		} else {
			roots.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	x509.SetFallbackRoots(roots)
})
