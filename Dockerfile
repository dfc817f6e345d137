# The image of a release: the program, and the configuration of the Argo CD plug-in
# in its place. Nothing in it is from another image, and there is no shell; the
# certificates that a push needs are in the program. Nothing runs while it is built,
# so any platform can build it for any other.
#
# The program is one that was built before (.goreleaser.yaml). By hand:
#
#   CGO_ENABLED=0 go build -trimpath -o linux/amd64/netgen ./cmd/netgen
#   docker build --platform linux/amd64 --tag netgen .
FROM scratch
ARG TARGETPLATFORM
COPY --chmod=0644 LICENSE /usr/share/doc/netgen/LICENSE
COPY --chmod=0644 deploy/argocd/plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
COPY --chmod=0755 ${TARGETPLATFORM}/netgen /usr/local/bin/netgen
ENV PATH=/usr/local/bin
# The user that Argo CD runs its sidecars as.
USER 999:999
ENTRYPOINT ["/usr/local/bin/netgen"]
