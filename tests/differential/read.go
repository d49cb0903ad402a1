// Reads an archive with Go's archive/tar and writes, as JSON, what every name is at its end.
package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

func read(name string) (map[string]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tree := map[string]string{}
	archive := tar.NewReader(file)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return tree, nil
		}
		if err != nil {
			return nil, err
		}
		key := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			sum := sha256.New()
			if _, err := io.Copy(sum, archive); err != nil {
				return nil, err
			}
			tree[key] = hex.EncodeToString(sum.Sum(nil))
		case tar.TypeSymlink:
			tree[key] = "-> " + header.Linkname
		case tar.TypeDir:
			if _, found := tree[key]; !found {
				tree[key] = "folder"
			}
		default:
			tree[key] = fmt.Sprintf("type %c", header.Typeflag)
		}
	}
}

func main() {
	tree, err := read(os.Args[1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(tree)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
