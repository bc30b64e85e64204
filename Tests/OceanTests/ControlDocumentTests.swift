import Foundation
import Testing

/// docs/control-api.yaml describes what the server answers, and nothing else is in the answers.
@Suite struct ControlDocumentTests {
  /// Arguments: the document, the name of a schema, the answer.
  private static let validator = """
    import json, sys, yaml, jsonschema
    document = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema: schema["additionalProperties"] = False
    schema = {"$ref": "#/components/schemas/" + sys.argv[2], "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(json.loads(sys.argv[3]))
    """

  private static let document = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/control-api.yaml").path

  /// What the validator says; empty if the answer is as described.
  private func complaints(_ workspace: Workspace, _ schema: String, _ json: String) throws -> String {
    let command = try workspace.run("python3", ["-c", Self.validator, Self.document, schema, json])
    return command.status == .exited(0) ? "" : command.errorOutput
  }

  @Test func answersAreAsDescribed() throws {
    let workspace = try Workspace()
    let server = try Server(workspace)
    let clients = [try server.loggedIn(), try server.greeted()]
    let status = try workspace.curl("/v1/status").output
    #expect(try complaints(workspace, "ServerStatus", status) == "")
    #expect(try complaints(workspace, "SessionList", status) != "")
    #expect(try complaints(workspace, "SessionList", try workspace.curl("/v1/sessions").output) == "")
    #expect(try complaints(workspace, "ControlFailure", try workspace.curl("/v1/nothing").output) == "")
    let kick = #"{"ids":[1,2]}"#
    #expect(try complaints(workspace, "SessionSelection", kick) == "")
    #expect(try complaints(workspace, "SessionSelection", "{}") != "")
    let ended = try workspace.curl("/v1/sessions/kick", ["-d", kick]).output
    #expect(try complaints(workspace, "KickResult", ended) == "")
    for client in clients { #expect(try client.rest().hasPrefix("-ERR")) }
    try server.stop()
  }
}
