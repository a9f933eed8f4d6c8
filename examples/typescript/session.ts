// A session as a construct of a TypeScript app: the custom resource, typed.
import { CustomResource, Duration, Fn } from "aws-cdk-lib";
import { Construct } from "constructs";

export interface EmrServerlessSessionProps {
  /** The stack of provider.template.json, which has to serve this one. */
  readonly providerStack: string;
  readonly applicationId: string;
  readonly executionRoleArn: string;
  /** Default: none. */
  readonly sessionName?: string;
  /** Whole minutes. Default: the service's, one hour. */
  readonly idleTimeout?: Duration;
  /** Spark properties of this session. Default: the application's. */
  readonly sparkDefaults?: Record<string, string>;
  /** Their keys are in the provider's TagKeys. Default: none. */
  readonly tags?: Record<string, string>;
  /** Stop the application with its last session: it is this stack's own. Default: no. */
  readonly stopApplication?: boolean;
}

export class EmrServerlessSession extends Construct {
  readonly sessionArn: string;
  readonly sessionId: string;

  constructor(scope: Construct, id: string, props: EmrServerlessSessionProps) {
    super(scope, id);
    const resource = new CustomResource(this, "Resource", {
      resourceType: "Custom::EMRServerlessSession",
      serviceToken: Fn.importValue(`${props.providerStack}-ServiceToken`),
      serviceTimeout: Duration.seconds(960),
      properties: {
        ApplicationId: props.applicationId,
        ExecutionRoleArn: props.executionRoleArn,
        Name: props.sessionName,
        IdleTimeoutMinutes: props.idleTimeout?.toMinutes(),
        ConfigurationOverrides: props.sparkDefaults && {
          RuntimeConfiguration: [
            { Classification: "spark-defaults", Properties: props.sparkDefaults },
          ],
        },
        Tags: props.tags,
        StopApplication: props.stopApplication,
      },
    });
    this.sessionArn = resource.getAttString("Arn");
    this.sessionId = resource.getAttString("SessionId");
  }
}
