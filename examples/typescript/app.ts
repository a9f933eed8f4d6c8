// An application, an execution role and a session in a CDK app of TypeScript. See README.md.
import { App, CfnOutput, Duration, Stack } from "aws-cdk-lib";
import * as emrserverless from "aws-cdk-lib/aws-emrserverless";
import * as iam from "aws-cdk-lib/aws-iam";
import { EmrServerlessSession } from "./session.ts";

const app = new App();
const stack = new Stack(app, "analytics-typescript");

const application = new emrserverless.CfnApplication(stack, "Application", {
  type: "SPARK",
  releaseLabel: "emr-spark-8.1.0",
  interactiveConfiguration: { sessionEnabled: true },
  monitoringConfiguration: {
    managedPersistenceMonitoringConfiguration: { enabled: true },
  },
});
const role = new iam.Role(stack, "ExecutionRole", {
  assumedBy: new iam.ServicePrincipal("emr-serverless.amazonaws.com"),
});

const session = new EmrServerlessSession(stack, "Session", {
  providerStack: "emr-serverless-sessions",
  applicationId: application.attrApplicationId,
  executionRoleArn: role.roleArn,
  sessionName: "analytics",
  idleTimeout: Duration.minutes(30),
  sparkDefaults: { "spark.sql.shuffle.partitions": "16" },
  tags: { team: "search" },
  stopApplication: true,
});
// Where the role gets policies of its own: they are there before the session, and after it.
session.node.addDependency(role);

new CfnOutput(stack, "SessionArn", { value: session.sessionArn });
new CfnOutput(stack, "SessionId", { value: session.sessionId });
new CfnOutput(stack, "ApplicationId", { value: application.attrApplicationId });
