// Package english keeps the kubectl inside k8slab from loading its translations,
// as a side effect of being imported: kubectl speaks the language of the lessons.
//
// kubectl packs its translations into a zip archive in memory and reads them back
// while its packages are initialised, which takes longer than everything else
// that k8slab list does. There is no later moment to say no: packages are
// initialised in the order of their import paths once what they import is ready,
// and this one sorts before k8s.io/kubectl/pkg/cmd.
package english

import "k8s.io/kubectl/pkg/util/i18n"

func init() { //nolint:gochecknoinits // see the package comment: main is too late
	// The error says that translations were loaded already, which costs time only.
	_ = i18n.SetLoadTranslationsFunc(func() error { return nil })
}
