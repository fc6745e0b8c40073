package embedded

import (
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// contextName is what `kubectl config get-contexts` shows for a lab.
const contextName = "k8slab"

// writeKubeconfig writes a kubeconfig with mode 0600. It holds the certificates
// themselves, so that it works wherever it is copied to.
func writeKubeconfig(path, server string, authority []byte, user string, as keyPair) error {
	config := clientcmdapi.NewConfig()
	config.Clusters[contextName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: as.cert, ClientKeyData: as.key}
	config.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: user, Namespace: "default"}
	config.CurrentContext = contextName
	return clientcmd.WriteToFile(*config, path)
}
