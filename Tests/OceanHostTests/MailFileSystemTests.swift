import OceanCompiler
import Testing

@testable import OceanHost

@Suite struct MailFileSystemTests {
  @Test func `version, server and options`() {
    let nfs = Facts.MailFileSystem(
      path: "/srv/mail", type: "nfs4", source: "nas:/mail", options: ["rw", "vers=4.2", "local_lock=none"])
    #expect(nfs.version == "4.2" && nfs.server == "nas" && nfs.option("local_lock") == "none")
    #expect(nfs.isNFS && !nfs.isLocal && nfs.option("vers4") == nil)
    // An address of IPv6 has colons in it, too.
    let v6 = Facts.MailFileSystem(path: "/", type: "nfs4", source: "[2001:db8::1]:/mail")
    #expect(v6.server == "[2001:db8::1]" && v6.version == nil)
    #expect(Facts.MailFileSystem(path: "/", type: "xfs", source: "/dev/sda1").isLocal)
  }

  @Test func `the file system of a directory`() {
    let found = Facts.MailFileSystem(of: "/proc", isSilent: false)
    #expect(found.type == "proc" && found.path == "/proc" && !found.isSilent)
    #expect(found.recoversLostLocks == nil && found.leaseSeconds == nil)
    #expect(!Facts.MailFileSystem(of: "/", isSilent: false).mountedBelow.isEmpty)
    #expect(!Facts.MailFileSystem(of: "/absent", isSilent: true).type.isEmpty)
  }

  @Test func `the lease that a server gives`() {
    let statistics = """
      device /dev/sda1 mounted on / with fstype ext4
      device nas:/mail mounted on /srv/mail with fstype nfs4 statvers=1.1
      \topts:\trw,vers=4.2
      \tnfsv4:\tbm0=0xfdffbfff,acl=0x3,sessions,pnfs=not configured,lease_time=90,lease_expired=0
      device nas:/more mounted on /srv/mail/more with fstype nfs4 statvers=1.1
      \tnfsv4:\tbm0=0xfdffbfff,sessions,lease_time=10,lease_expired=0
      device old:/mail mounted on /srv/old with fstype nfs statvers=1.1
      \tlease_time=
      device tmp mounted on /srv/over with fstype tmpfs
      """
    #expect(Facts.MailFileSystem.lease(of: "/srv/mail", statistics) == 90)
    #expect(Facts.MailFileSystem.lease(of: "/srv/mail/more", statistics) == 10)
    #expect(Facts.MailFileSystem.lease(of: "/srv/old", statistics) == nil)
    #expect(Facts.MailFileSystem.lease(of: "", statistics) == nil)
    #expect(Facts.MailFileSystem.lease(of: "/srv/mail", "") == nil)
  }
}
