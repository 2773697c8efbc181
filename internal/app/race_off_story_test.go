//go:build !race

package app_test

const scale = 1
