// Shows /openapi.json in Swagger UI, grouped by resource.
"use strict";

const page = document.getElementById("swagger-ui");
const GROUPS = { "": "API v1", api: "Tasks 2.1", oauth2: "OAuth 2.0", me: "My account", pond: "Pond" };

// "/lead-routes/{id}/simulate" belongs to "Lead routes".
function groupOf(path) {
  const first = path.split("/")[1];
  const words = first.replaceAll("-", " ");
  return GROUPS[first] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

// In the contract, tags separate LionDesk's operations from ours. Here the path is the group, and the summary marks ours.
function groupByResource(contract) {
  const groups = new Set();
  for (const [path, operations] of Object.entries(contract.paths)) {
    groups.add(groupOf(path));
    for (const operation of Object.values(operations)) {
      if (operation.tags.includes("Beyond LionDesk")) operation.summary = `${operation.summary ?? ""} (beyond LionDesk)`;
      operation.tags = [groupOf(path)];
    }
  }
  contract.servers = [{ url: location.origin }]; // whichever of its names the page was opened by
  contract.tags = [...groups].sort().map((name) => ({ name }));
  return contract;
}

fetch("/openapi.json").then((response) => response.json()).then((contract) => {
  const ui = SwaggerUIBundle({
    spec: groupByResource(contract),
    domNode: page,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
    oauth2RedirectUrl: page.dataset.oauth2Redirect,
  });
  ui.initOAuth({
    clientId: page.dataset.clientId,
    scopes: "write",
    usePkceWithAuthorizationCodeGrant: true,
  });
});
