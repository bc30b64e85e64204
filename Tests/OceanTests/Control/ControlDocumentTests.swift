import Foundation
import Testing

/// Tests that docs/control-api.yaml describes the server's questions and answers, and that neither has
/// anything else.
@Suite struct ControlDocumentTests {
  /// Arguments: the document, and a file with exchanges. Prints what is not as described, one line per
  /// exchange, and the operations that no exchange carried out.
  private static let validator = """
    import json, sys, urllib.parse, yaml, jsonschema
    document = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
    paths, components = document["paths"], document["components"]

    def close(schema):
        if not isinstance(schema, dict): return
        if "properties" in schema: schema.setdefault("additionalProperties", False)
        for part in schema.values(): close(part)

    def validate(content, text):
        schema = {**content["application/json"]["schema"], "components": components}
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))

    def check(path, method, query, body, status, answer):
        if method not in paths[path]:
            assert status == "405", "not described"
            return validate(components["responses"]["Failure"]["content"], answer)
        operation = paths[path][method]
        response = operation["responses"].get(status) or operation["responses"]["default"]
        if "$ref" in response: response = components["responses"][response["$ref"].rsplit("/", 1)[1]]
        validate(response["content"], answer)
        if status != "200": return
        given = dict(urllib.parse.parse_qsl(query, strict_parsing=True)) if query else {}
        known = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
        assert given.keys() <= known.keys(), f"unknown: {given.keys() - known.keys()}"
        assert all(name in given for name in known if known[name].get("required")), f"missing in {query}"
        assert ("requestBody" in operation) == (method == "post"), "body"
        if method == "post": validate(operation["requestBody"]["content"], body)

    close(components["schemas"])
    missed = {(path, method) for path in paths for method in paths[path]}
    for exchange in json.load(open(sys.argv[2], encoding="utf-8")):
        if exchange["status"] == "200": missed.discard((exchange["path"], exchange["method"]))
        try: check(**exchange)
        except (AssertionError, jsonschema.ValidationError) as error:
            print(exchange["method"], exchange["path"], getattr(error, "message", error))
    for path, method in sorted(missed): print("never asked:", method, path)
    """

  private static let document = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/control-api.yaml").path

  private struct Exchange: Encodable {
    let path: String
    let method: String
    let query: String
    let body: String
    let status: String
    let answer: String
  }

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func complaints(about exchanges: [Exchange]) throws -> [String] {
    try workspace.write(
      String(decoding: JSONEncoder().encode(exchanges), as: UTF8.self), to: "exchanges.json")
    let validation = try workspace.run(
      "python3", ["-c", Self.validator, Self.document, workspace.path("exchanges.json")])
    #expect(validation.status == .exited(0), "\(validation.errorOutput)")
    return validation.output.split(separator: "\n").map(String.init)
  }

  private func ask(_ path: String, query: String = "", post body: String? = nil) throws -> Exchange {
    try workspace.write(body ?? "", to: "body.json")
    let uri = query.isEmpty ? path : "\(path)?\(query)"
    let sending = body == nil ? [] : ["--data-binary", "@\(workspace.path("body.json"))"]
    let lines = try workspace.curl(uri, ["-w", "%{http_code}"] + sending).output.split(separator: "\n")
    return Exchange(
      path: path, method: body == nil ? "get" : "post", query: query, body: body ?? "",
      status: lines.last.map(String.init) ?? "", answer: lines.dropLast().joined(separator: "\n"))
  }

  private struct Digests: Decodable {
    let digest: String
  }

  @Test func `requests and answers are as described`() throws {
    let server = try Server(workspace)
    var exchanges: [Exchange] = []
    @discardableResult
    func ask(_ path: String, query: String = "", post body: String? = nil, _ status: Int = 200) throws
      -> String
    {
      let exchange = try self.ask(path, query: query, post: body)
      #expect(exchange.status == "\(status)", "\(path): \(exchange.answer)")
      exchanges.append(exchange)
      return exchange.answer
    }
    func runningPlan() throws -> (json: String, digest: String) {
      let json = try ask("/v1/plan")
      return (json, try JSONDecoder().decode(Digests.self, from: Data(json.utf8)).digest)
    }

    let clients = [try server.loggedIn(), try server.greeted()]
    try ask("/v1/status")
    try ask("/v1/sessions")
    try ask("/v1/sessions/kick", post: "{}", 400)
    try ask("/v1/sessions/kick", post: #"{"ids":[1,2]}"#)
    for client in clients { #expect(try client.rest().hasPrefix("-ERR")) }
    try ask("/v1/address", post: #"{"address":"203.0.113.9","service":"pop3"}"#)
    try ask("/v1/address", post: #"{"address":"203.0.113.9","service":"imap"}"#, 404)
    try ask("/v1/blocks")
    try ask("/v1/blocks/lift", post: #"{"addresses":["203.0.113.0/24"]}"#)
    try ask("/v1/accounts/forget", post: #"{"user":"anna"}"#)

    let before = try runningPlan()
    try workspace.writeConfig(service: ["idle_timeout: 20m"], ports: [Workspace.port, 1111])
    let after = try workspace.ocean("plan", workspace.config, "--format", "json").output
    let change =
      "expecting=\(before.digest)&confirm_seconds=3600&sessions=drain&source=/etc/ocean/ocean.yaml"
      + "&comment=more%20time"
    try ask("/v1/plan/confirm", post: #"{"plan":"000000"}"#, 422)
    let applied = try ask("/v1/plan/apply", query: change, post: after)
    #expect(applied.contains(#""reverts_at":"#) && applied.contains(#""before":"10m""#))
    #expect(try ask("/v1/status").contains(#""unconfirmed":"#))
    try ask("/v1/plan/apply", query: change, post: after)
    try ask("/v1/plan/apply", query: change, post: before.json, 422)
    #expect(try ask("/v1/plan/history").contains(#""waiting":"#))
    let running = try runningPlan()
    try ask("/v1/plan/confirm", post: #"{"plan":"\#(running.digest)"}"#)
    try ask("/v1/plan/apply", query: change, post: before.json, 409)
    try ask("/v1/plan/apply", query: "expecting=\(running.digest)", post: running.json)
    try ask("/v1/plan/apply", query: "expecting=\(running.digest)", post: "{}", 400)
    try ask("/v1/plan/apply", query: "expecting=\(running.digest)&sessions=all", post: before.json, 400)
    let tooLong = "expecting=\(running.digest)&comment=\(String(repeating: "a", count: 201))"
    #expect(
      try ask("/v1/plan/apply", query: tooLong, post: before.json, 400)
        .contains("a comment has at most 200 characters, and this one has 201"))
    try ask("/v1/plan/apply", 405)
    #expect(try ask("/v1/plan/history").contains(before.digest))
    try ask("/v1/plan/rollback", post: #"{"steps":99}"#, 422)
    try ask("/v1/plan/rollback", post: "[]", 400)
    try ask("/v1/plan/rollback/preview", post: #"{"steps":99}"#, 422)
    try ask("/v1/plan/rollback/preview", 405)
    #expect(
      try ask("/v1/plan/rollback/preview", post: #"{"steps":1}"#).contains(#""from":"\#(running.digest)""#))
    #expect(try runningPlan().digest == running.digest)
    try ask("/v1/plan/rollback", post: #"{"steps":1,"comment":"that was wrong"}"#)
    #expect(try runningPlan().digest == before.digest)
    #expect(try ask("/v1/status").contains(#""taken_back":[{"#))
    try ask("/v1/plan/rollback", post: "{}", 422)
    try ask("/v1/plan/rollback", post: #"{"plan":"\#(running.digest)","confirm_seconds":60}"#)
    #expect(try ask("/v1/plan/history").contains(running.digest))
    #expect(try complaints(about: exchanges) == [])
    try server.stop()
  }

  @Test func `others are not`() throws {
    func exchange(
      _ path: String, _ answer: String, method: String = "get", query: String = "", status: String = "200"
    ) -> Exchange {
      Exchange(path: path, method: method, query: query, body: "{}", status: status, answer: answer)
    }
    let none = #"{"format_version":1,"blocks":[]}"#
    let exchanges = [
      exchange("/v1/status", "{}"), exchange("/v1/blocks", none, query: "a=b"),
      exchange("/v1/blocks", none, method: "post"),
      exchange("/v1/blocks", #"{"format_version":1,"blocks":[],"more":0}"#),
      exchange("/v1/blocks", #"{"format_version":2,"blocks":[]}"#),
      exchange("/v1/plan/history", #"{"format_version":1,"plans":[{"digest":"a"}]}"#),
      exchange("/v1/plan/confirm", #"{"format_version":1}"#, method: "post", status: "422"),
    ]
    let complaints = try complaints(about: exchanges)
    #expect(complaints.count { !$0.hasPrefix("never asked: ") } == exchanges.count, "\(complaints)")
    #expect(complaints.contains("never asked: get /v1/plan"))
  }
}
