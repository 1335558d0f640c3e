// One binary that is kube-apiserver, or etcd when it is called by that name: two processes of it make the lab,
// and each can be killed, frozen and cut off by itself.
package main

import (
	"os"
	"path/filepath"
	_ "time/tzdata" // the API server parses time zones on machines that have none installed

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the metrics of a stock kube-apiserver
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if filepath.Base(os.Args[0]) == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
