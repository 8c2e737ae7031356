// @azure/arm-batchai and the releases of azure-arm-batchai with workspaces (API 2018-05-01): workspace, experiment,
// cluster, jobs, files, and all deleted. The package is the first argument; it lies below the current folder.
'use strict';

const { createRequire } = require('module');
const path = require('path');

const packageName = process.argv[2];
const fromHere = createRequire(path.join(process.argv[3], 'package.json'));
const { BATCHAI_ENDPOINT: endpoint, BATCHAI_TOKEN: token, BATCHAI_SUBSCRIPTION: subscription, BATCHAI_GROUP: group,
        BATCHAI_WORK: work } = process.env;
const account = { adminUserName: 'alex', adminUserPassword: 'Passw0rd-of-the-cluster' };
const place = [group, 'space'];
const experiment = [...place, 'trial'];
const cluster = [...place, 'nodes'];
const first = [...experiment, 'first'];
const second = [...experiment, 'second'];

// These packages wait 30 seconds before each look at an operation, whatever Retry-After says, unless told otherwise.
const impatient = { longRunningOperationRetryTimeout: 0 };

function makeClient() {
  const found = fromHere(packageName);
  if (packageName.startsWith('@')) {
    const { TokenCredentials } = createRequire(fromHere.resolve(packageName))('@azure/ms-rest-js');
    return new found.BatchAIManagementClient(new TokenCredentials(token), subscription, { baseUri: endpoint, ...impatient });
  }
  const { TokenCredentials } = createRequire(fromHere.resolve(packageName))('ms-rest');
  return new found(new TokenCredentials(token), subscription, endpoint, impatient);
}

async function wait(read, wanted) {
  const deadline = Date.now() + 30000;
  for (;;) {
    const seen = await read();
    if (wanted(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still not as wanted: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function errorOf(call) {
  try {
    await call();
  } catch (error) {
    return [error.statusCode, error.code || error.body.code];
  }
  return null;
}

async function main() {
  const client = makeClient();
  const told = { api: client.apiVersion, operations: (await client.operations.list()).map((each) => each.name).sort() };
  const made = await client.workspaces.create(...place, { location: 'eastus' });
  told.workspace = [made.name, made.location, made.provisioningState];
  told.experiment = (await client.experiments.create(...experiment)).type;
  const created = await client.clusters.create(...cluster, {
    vmSize: 'STANDARD_D1', userAccountSettings: account, scaleSettings: { manual: { targetNodeCount: 1 } },
    nodeSetup: { mountVolumes: { unmanagedFileSystems: [
      { mountCommand: `mount --bind ${work}`, relativeMountPath: 'work' }] } },
  });
  told.cluster = [created.name, created.vmSize, created.vmPriority, created.provisioningState];
  await wait(() => client.clusters.get(...cluster), (seen) => seen.nodeStateCounts.idleNodeCount === 1);
  told.nodes = (await client.clusters.listRemoteLoginInformation(...cluster)).map((node) => node.port > 0);

  const server = await client.fileServers.create(...place, 'server', {
    vmSize: 'STANDARD_D1', sshConfiguration: { userAccountSettings: account },
    dataDisks: { diskSizeInGB: 10, diskCount: 2, storageAccountType: 'Standard_LRS' },
  });
  told['file server'] = [server.name, server.dataDisks.diskSizeInGB, server.dataDisks.cachingType];
  told['file servers'] = (await client.fileServers.listByWorkspace(...place)).map((each) => each.name);

  const job = (commandLine) => ({
    cluster: { id: created.id }, nodeCount: 1, stdOutErrPathPrefix: '$AZ_BATCHAI_MOUNT_ROOT/work',
    customToolkitSettings: { commandLine }, environmentVariables: [{ name: 'A', value: 'b' }],
    outputDirectories: [{ id: 'MODEL', pathPrefix: '$AZ_BATCHAI_MOUNT_ROOT/work' }],
    secrets: [{ name: 'S', value: 'shh' }],
  });
  const contents = async (outputdirectoryid) => {
    const listed = await client.jobs.listOutputFiles(...first, { outputdirectoryid });
    const texts = listed.map(async (file) => [
      file.name, file.downloadUrl ? await (await fetch(file.downloadUrl)).text() : null]);
    return Object.fromEntries(await Promise.all(texts));
  };
  await client.jobs.create(...first,
    job('echo to-stdout; echo to-stderr >&2; echo weights > $AZ_BATCHAI_OUTPUT_MODEL/model.txt'));
  const ended = await wait(() => client.jobs.get(...first),
    (seen) => ['succeeded', 'failed'].includes(seen.executionState));
  told.job = [ended.executionState, ended.executionInfo.exitCode, ended.toolType, ended.schedulingPriority,
    ended.environmentVariables.map((each) => each.value), ended.secrets.map((each) => each.value || null)];
  told.logs = await contents('stdouterr');
  told.outputs = await contents('MODEL');

  await client.jobs.create(...second, job('sleep 600'));
  await wait(() => client.jobs.get(...second), (seen) => seen.executionState === 'running');
  await client.jobs.terminate(...second);
  const stopped = await wait(() => client.jobs.get(...second), (seen) => seen.executionState === 'failed');
  told.terminated = stopped.executionInfo.errors.map((each) => each.code);
  told.jobs = (await client.jobs.listByExperiment(...experiment)).map((each) => each.name).sort();

  const resized = await client.clusters.update(...cluster, { scaleSettings: { manual: { targetNodeCount: 0 } } });
  told['resized to'] = resized.scaleSettings.manual.targetNodeCount;
  told.usages = (await client.usages.list('eastus')).map((each) => each.name.value).slice(0, 1);
  await client.jobs.deleteMethod(...first);
  await client.jobs.deleteMethod(...second);
  await client.clusters.deleteMethod(...cluster);
  await client.fileServers.deleteMethod(...place, 'server');
  await client.experiments.deleteMethod(...experiment);
  await client.workspaces.deleteMethod(...place);
  told.gone = [await errorOf(() => client.workspaces.get(...place)), await errorOf(() => client.jobs.get(...first))];
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
