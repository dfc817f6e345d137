package main

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs etcd inside this program, on a port that is free, and returns
// its address.
func startEtcd(dir string) (string, error) {
	free := []url.URL{{Scheme: "http", Host: net.JoinHostPort(loopback, "0")}}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenPeerUrls, config.AdvertisePeerUrls = free, free
	config.ListenClientUrls, config.AdvertiseClientUrls = free, free
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "warn"
	config.UnsafeNoFsync = true // nobody reads it after the run
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", fmt.Errorf("start etcd in %s: %w", dir, err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return "", fmt.Errorf("start etcd in %s: %w", dir, err)
	case <-time.After(time.Minute):
		return "", fmt.Errorf("etcd in %s is not ready after a minute", dir)
	}
	return "http://" + etcd.Clients[0].Addr().String(), nil
}
