import OceanImport
import Testing

struct MailTranslationTests {
  @Test(arguments: [
    ("maildir:/m/%d/%n:INDEX=/i/%u:LAYOUT=fs:UTF-8:SUBSCRIPTIONS=s", "/m/{domain}/{user}"),
    ("maildir:/m/%n:INBOX=/in/%n", "/in/{user}"), ("maildir:/m//%Ld/%Ln/", "/m/{domain}/{user}/"),
    ("maildir:/m/%s/%n", "/m/pop3/{user}"), ("MAILDIR:/m/%n", "/m/{user}"),
    ("maildir:/m::x/%n", "/m:x/{user}"),
  ])
  func `a location is a path`(_ location: String, _ path: String) throws {
    let imported = try Imported(sound(location: location))
    #expect(imported.line("maildir") == "maildir: \"\(path)\"" && imported.openCount == 0, "\(imported.text)")
  }

  @Test(arguments: [
    ("maildir:/m/%n:CONTROL=/c/%n", "move it into the Maildirs"), ("maildir:/m/%n:DIRNAME=x", "DIRNAME="),
    ("maildir:/m/%n:NEW=x", "':NEW' is not known"), ("/m/%n", "taken for Maildirs"),
    ("~/Maildir", "taken for Maildirs"),
    ("mbox:~/mail:INBOX=/var/mail/%u", "doveadm backup"), ("mdbox:~/mdbox", "doveadm backup"),
    ("sdbox:~/dbox", "doveadm backup"), ("imapc:~/imapc", "on another server"),
    ("virtual:/v", "several folders"),
    ("maildir:/m/%2Hu/%n", "there is nothing like"), ("maildir:/m/{x}/%n", "braces"),
    ("maildir:/m/./%n", "is not a path"),
  ])
  func `what is not a path of a Maildir is to be decided`(_ location: String, _ advice: String) throws {
    #expect(try Imported(sound(location: location)).open.contains(advice))
  }

  @Test func `an INBOX apart from the other folders is told`() throws {
    let apart = try Imported(sound(location: "maildir:/m/%n:INBOX=/m/%n/.INBOX"))
    #expect(apart.line("maildir") == "maildir: \"/m/{user}/.INBOX\"")
    #expect(apart.different.contains("is not where the other folders are"), "\(apart.text)")
    #expect(try !Imported(sound(location: "maildir:/m/%n:INBOX=/m/%n")).different.contains("INBOX"))
  }

  @Test(arguments: [
    ("quota = maildir:User quota", "appends to maildirsize"),
    ("quota = count:User quota", "next opens the mailbox"),
    ("quota = dict:User::proxy::quota", "quota = dict: ocean removes messages without telling it"),
    ("quota2 = fs:Disk", "the file system counts"), ("quota_rule = *:storage=1G", "no quota is set"),
  ])
  func `each backend of a quota has its own answer`(_ setting: String, _ advice: String) throws {
    let imported = try Imported(sound("mail_plugins = quota\nplugin {\n  \(setting)\n}"))
    #expect(imported.different.contains(advice) && imported.openCount == 0, "\(imported.text)")
  }

  @Test func `the namespace of the INBOX decides`() throws {
    let imported = try Imported(
      sound(
        "namespace other {\n  location = mbox:/x\n  prefix = y\n}\n"
          + "namespace private {\n  inbox = yes\n  location = maildir:/p/%n\n}\n"))
    #expect(imported.line("maildir") == "maildir: \"/p/{user}\"" && imported.openCount == 0)
    let shadowed = try Imported(
      sound("protocol pop3 {\n  namespace inbox {\n    location = virtual:/v:INDEX=~/v\n  }\n}\n"))
    #expect(shadowed.open.contains("several folders"))
  }

  @Test func `old messages of the INBOX are not removed by themselves`() throws {
    let text =
      "namespace inbox {\n  inbox = yes\n  mailbox INBOX {\n    autoexpunge = 30 d\n  }\n  mailbox Trash {\n"
      + "    autoexpunge = 7 d\n  }\n}\n"
    let imported = try Imported(sound(text))
    #expect(imported.open.contains("autoexpunge = 30 d") && imported.openCount == 1)
  }

  @Test func `a value in a file is read there`() throws {
    let text = sound("mail_plugins = </etc/dovecot/plugins")
    #expect(try Imported(text).open.contains("cannot be read here"))
    let read = try Imported(text, files: ["/etc/dovecot/plugins": "quota mail_crypt\n"])
    #expect(
      read.open.contains("mail_plugins = mail_crypt") && read.different.contains("mail_plugins = quota"))
  }

  @Test(arguments: ["zlib", "mail_crypt", "lazy_expunge", "virtual", "pop3_migration", "snarf"])
  func `a plugin that changes what clients see is to be decided`(_ name: String) throws {
    #expect(try Imported(sound("mail_plugins = \" \(name)\"")).openCount == 1)
  }

  @Test(arguments: ["zlib_save = lz4", "mail_crypt_save_version = 2"])
  func `so are messages that are not text`(_ setting: String) throws {
    #expect(try Imported(sound("plugin {\n  \(setting)\n  quota = maildir:User\n}")).openCount == 1)
  }

  @Test(arguments: [
    "pop3_delete_type = flag", "pop3_deleted_flag = $POP3Deleted", "mail_chroot = /home",
    "auth_ssl_require_client_cert = yes", "director_servers = 10.0.0.1", "auth_mechanisms = cram-md5",
    "login_plugins = x",
  ])
  func `what is not done without is to be decided`(_ setting: String) throws {
    #expect(try Imported(sound(setting)).openCount == 1)
  }
}

struct ServiceTranslationTests {
  @Test(arguments: [
    ("", 1024), ("service pop3 {\n  process_limit = 512\n}", 512),
    ("service pop3 {\n  process_limit = 0\n}", 100),
    ("default_process_limit = 300\nservice pop3 {\n  process_limit = 0\n}", 300),
    ("service pop3 {\n  client_limit = 10\n  process_limit = 50\n}", 500),
    ("service pop3 {\n  client_limit = 0\n  process_limit = 1000\n}", 100_000),
  ])
  func `as many sessions as Dovecot has`(_ more: String, _ number: Int) throws {
    #expect(try Imported(sound(more)).line("max_connections") == "max_connections: \(number)")
  }

  @Test(arguments: [("0", 100_000), ("30", 30), ("20000000", 100_000)])
  func `no limit is the largest`(_ given: String, _ number: Int) throws {
    let imported = try Imported(sound("mail_max_userip_connections = \(given)"))
    #expect(imported.line("connections_per_ip") == "connections_per_ip: \(number)")
  }

  @Test func `a script after login is told`() throws {
    let imported = try Imported(sound("service pop3 {\n  executable = pop3 pop3-postlogin\n}"))
    #expect(imported.open.contains("executable = pop3 pop3-postlogin"))
    #expect(try Imported(sound("service pop3 {\n  executable = /usr/lib/dovecot/pop3\n}")).openCount == 0)
  }

  @Test func `listeners keep addresses and proxies`() throws {
    let imported = try Imported(
      sound(
        "haproxy_trusted_networks = 10.1.1.1\nservice pop3-login {\n  inet_listener a {\n    address = 10.0.0.5\n"
          + "    haproxy = yes\n    port = 10110\n  }\n  inet_listener b {\n    port = 2110\n  }\n}\n"))
    #expect(
      imported.yaml.contains("pop3-proxy:\n") && imported.line("proxy_from") == "proxy_from: [10.1.1.1]")
    #expect(imported.yaml.contains("ports: [110, 2110]") && imported.openCount == 0)
  }
}
